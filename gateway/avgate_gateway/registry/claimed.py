"""The level that a connector's package claims: read before the package is imported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from avgate_contracts.conformance import (
    HIGHEST_LEVEL,
    OLDEST,
    ConformanceError,
    shipped,
    source_digest,
)

_OLD = f"its recordings are older than {OLDEST.days} days, so it is L{HIGHEST_LEVEL - 1}"
_NONE = "it carries no conformance evidence"


@dataclass(frozen=True, slots=True)
class Claim:
    """The level and the protocol it was earned under; a note where no evidence counts."""

    level: int = 0
    protocol: str | None = None
    note: str | None = None

    def under(self, protocol: str) -> Claim:
        """What is left of it for a connector of this protocol."""
        if self.protocol in {None, protocol}:
            return self
        return Claim(note=f"its evidence is of protocol {self.protocol}, not {protocol}")

    def refusal(self, least: int) -> str | None:
        """Why a connector with this claim may not be used; None if it may."""
        if self.level >= least:
            return None
        says = self.note or f"its evidence says L{self.level}"
        return f"{says}; least_level is {least}"


def claim(module: str, connector: str, moment: datetime) -> Claim:
    """What the import package of a module says of this connector, if that is what is installed.

    At this moment: a level that rests on recent recordings passes, and nobody has to write it anew.

    Nothing is imported. Raises what Python's own search for the package raises.
    """
    package = _package(module)
    try:
        said = shipped(package) if package else None
        if said is None or package is None:
            return Claim(note=_NONE)
        said.insist(connector, source_digest(package))
    except ConformanceError as error:
        return Claim(note=f"its evidence {error}")
    level = said.level_at(moment)
    return Claim(level, said.protocol, _OLD if level < said.level else None)


def _package(module: str) -> Path | None:
    """The folder of the outermost package; None for a module that is in none."""
    spec = find_spec(module.partition(".")[0])
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None
