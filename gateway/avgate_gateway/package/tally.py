"""What is known of an entry once it has been written."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

Octets: TypeAlias = bytes | memoryview


class Tally:
    """Counts an entry while it streams: bytes, digest, records, and fields a CSV had no room for."""

    def __init__(self) -> None:
        self.size = 0
        self.records = 0
        self.fields_left_out = 0
        self._digest = hashlib.sha256()

    def weigh(self, octets: Octets) -> None:
        self.size += len(octets)
        self._digest.update(octets)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
