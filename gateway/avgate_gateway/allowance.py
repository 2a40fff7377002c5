"""Which distributions, in which versions, the operator lets handle personal data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_EXAMPLE = "write a distribution and, if need be, a range: acme-avgate>=1,<2"


class AllowanceError(ValueError):
    """An entry that is not a distribution with a version range; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The allow-list: distributions by their normal names (PEP 503), each with its versions."""

    ranges: Mapping[str, SpecifierSet]

    @classmethod
    def of(cls, entries: Iterable[str]) -> Allowance:
        """Reads `NAME` or `NAME RANGE` as in PEP 508; raises AllowanceError."""
        ranges: dict[str, SpecifierSet] = {}
        for entry in entries:
            wanted = _read(entry)
            name = canonicalize_name(wanted.name)
            if name in ranges:
                raise AllowanceError(f"names {name} twice; put its versions in one range")
            ranges[name] = wanted.specifier
        return cls(ranges)

    def names(self, distribution: str) -> bool:
        """Whether any version of it is allowed."""
        return canonicalize_name(distribution) in self.ranges

    def refusal(self, distribution: str, version: str) -> str | None:
        """Why this version of it may not be loaded; None if it may."""
        wanted = self.ranges.get(canonicalize_name(distribution))
        if wanted is None:
            return f"distribution {distribution} is not in connectors_allowed"
        if not str(wanted) or _is_within(version, wanted):
            return None
        return f"version {version} of {distribution} is not within {wanted} of connectors_allowed"


def _is_within(version: str, wanted: SpecifierSet) -> bool:
    """An early release of a version within the range is too: it was installed on purpose."""
    try:
        return wanted.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _read(entry: str) -> Requirement:
    try:
        wanted = Requirement(entry)
    except InvalidRequirement:
        raise AllowanceError(f"holds an entry that cannot be read; {_EXAMPLE}") from None
    if wanted.url or wanted.extras or wanted.marker:
        raise AllowanceError(f"holds an entry with an address, extra or marker; {_EXAMPLE}")
    return wanted
