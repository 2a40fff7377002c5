"""The key that evidence is attested with, for whoever writes it: known once the vault is open."""

from __future__ import annotations

import hmac
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

_PLACE = "avgate.attesting"


@dataclass(slots=True)
class Attesting:
    """Gives entries their codes; none while there is no key, as in a database of a test."""

    key: bytes | None = field(default=None, repr=False)

    def code(self, content: str) -> bytes | None:
        """The code of an entry's content: who has the database alone can make none."""
        return None if self.key is None else hmac.digest(self.key, content.encode(), "sha256")[:16]

    def give_to(self, info: MutableMapping[Any, Any]) -> None:
        info[_PLACE] = self


def attesting(info: MutableMapping[Any, Any]) -> Attesting:
    """What a connection was given."""
    found = info.get(_PLACE)
    return found if isinstance(found, Attesting) else Attesting()
