"""Which versions of the connector protocol are served, and why another is not.

The major stands in the entry-point group, so that a connector of another is not even imported; the
minor stands in the manifest. A minor only adds, with defaults: the current one and the one before
it are served.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from avgate_contracts.connector import PROTOCOL

_WRITTEN = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True, order=True)
class Protocol:
    """A version of the protocol."""

    major: int
    minor: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads `MAJOR.MINOR`; raises ValueError."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError("a protocol version is MAJOR.MINOR")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def served(self) -> tuple[Protocol, ...]:
        """What a gateway of this version serves, the newest first."""
        return tuple(
            Protocol(self.major, minor) for minor in (self.minor, self.minor - 1) if minor >= 0
        )


OURS = Protocol.read(PROTOCOL)


def refusal(spoken: str, ours: Protocol = OURS) -> str | None:
    """Why a connector of this protocol is not served; None if it is."""
    try:
        theirs = Protocol.read(spoken)
    except ValueError:
        return f"its manifest gives no protocol version as MAJOR.MINOR, such as {ours}"
    if theirs in ours.served():
        return None
    what_to_do = "a newer gateway" if theirs > ours else "a newer version of the connector"
    known = " and ".join(str(one) for one in ours.served())
    return f"it speaks protocol {theirs}, this gateway {known}; install {what_to_do}"


def notice(spoken: str, ours: Protocol = OURS) -> str | None:
    """What to know of a protocol that is served: that the next minor serves it no more."""
    theirs = Protocol.read(spoken)
    if theirs == ours:
        return None
    return f"protocol {theirs} is served until {ours.major}.{ours.minor + 1}"
