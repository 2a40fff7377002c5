"""Which part of the queue is shown: as asked in the address, or as somebody last kept it.

What is kept is a cookie of their own browser, which says no more than three words of closed lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from avgate_contracts.vocabulary import Operation
from avgate_gateway.console.door import Visit
from avgate_gateway.store.queue import Pile

COOKIE: Final = "avgate_queue"
_SEPARATOR: Final = ":"
_PARAMETERS: Final = ("pile", "right", "system")


@dataclass(frozen=True, slots=True)
class Filter:
    """A part of the queue; None is everything."""

    pile: Pile | None = None
    right: str | None = None
    system: str | None = None

    @classmethod
    def of(cls, words: Iterable[str], systems: Collection[str]) -> Filter:
        """What a pile, a right and a system mean; a word that is of no list means nothing."""
        pile, right, system = words
        return cls(
            Pile(pile) if pile in list(Pile) else None,
            right if right in list(Operation) else None,
            system if system in systems else None,
        )

    def address(self, pile: Pile | None = None, more: Mapping[str, str] | None = None) -> str:
        """The query of an address that shows it, or another pile of it."""
        told: dict[str, str | None] = {
            "pile": pile or self.pile,
            "right": self.right,
            "system": self.system,
        }
        told |= more or {}
        return urlencode({name: value for name, value in told.items() if value})

    def kept(self) -> str:
        """As it stands in a cookie."""
        return _SEPARATOR.join((self.pile or "", self.right or "", self.system or ""))


def asked(visit: Visit) -> Filter:
    """What the address asks for; where it asks for nothing, what was kept."""
    systems = visit.desk.connectors
    if any(name in visit.http.query_params for name in _PARAMETERS):
        return Filter.of(map(visit.asked, _PARAMETERS), systems)
    return kept(visit)


def kept(visit: Visit) -> Filter:
    """What the cookie says; nothing where it says anything odd."""
    words = (visit.cookies.read(visit.http, COOKIE) or "").split(_SEPARATOR)
    return Filter.of(words, visit.desk.connectors) if len(words) == len(_PARAMETERS) else Filter()
