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
    _begun: hmac.HMAC | None = field(default=None, init=False, repr=False)
    _begun_with: bytes | None = field(default=None, init=False, repr=False)

    def code(self, content: str) -> bytes | None:
        """The code of an entry's content: who has the database alone can make none."""
        if self.key is None:
            return None
        if self._begun is None or self._begun_with is not self.key:
            self._begun, self._begun_with = hmac.new(self.key, digestmod="sha256"), self.key
        made = self._begun.copy()  # a key that was taken in once saves a third of the time
        made.update(content.encode())
        return made.digest()[:16]

    def give_to(self, info: MutableMapping[Any, Any]) -> None:
        info[_PLACE] = self


def attesting(info: MutableMapping[Any, Any]) -> Attesting:
    """What a connection was given."""
    found = info.get(_PLACE)
    return found if isinstance(found, Attesting) else Attesting()
