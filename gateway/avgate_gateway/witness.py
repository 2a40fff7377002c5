"""The file beside the database that keeps checkpoints: what is cut off or restored shows by it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# A whole signature ends with the sign that fills up its last bytes: one that was cut short has none.
_NOTE = re.compile(r"^(?:[^\n]+\n){4}\n\N{EM DASH} [^\n]+=\n", re.MULTILINE)
_TAIL = 4096  # bytes: some twenty notes


@dataclass(frozen=True, slots=True)
class Witness:
    """One file, to which notes are only ever added. Ship it elsewhere: who has both can cut both."""

    path: Path

    def newest(self) -> str | None:
        """The last note that was written whole."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            tail = file.read().decode("utf-8", "ignore")
        notes = _NOTE.findall(tail)
        return notes[-1] if notes else None

    def notes(self) -> Sequence[str]:
        """All that were written whole, oldest first."""
        if not self.path.exists():
            return []
        return _NOTE.findall(self.path.read_text("utf-8", "ignore"))

    def add(self, note: str) -> None:
        """Raises OSError; what was written half is skipped by whoever reads."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            left = f"\n{note}".encode()
            while left:  # a disk that is full takes a part, and says so the next time
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def set_aside(self, now: datetime) -> Path:
        """Puts the file out of the way, with the moment in its name; raises FileNotFoundError."""
        kept = self.path.with_name(f"{self.path.name}.{now:%Y%m%dT%H%M%S}")
        return self.path.rename(kept)
