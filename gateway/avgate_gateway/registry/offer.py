"""What the installed distributions offer, read from their metadata without importing anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from configparser import Error as NotIniError
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint

from packaging.utils import canonicalize_name

from avgate_gateway.registry.protocol import OURS

_GROUPS = "avgate.connectors.v"
GROUP = f"{_GROUPS}{OURS.major}"
_NAME = re.compile(r"[a-z0-9-]{1,40}")
_LABEL = re.compile(r"^(Name|Version):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_UNREADABLE = "its metadata cannot be read; install it again"


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry point, or what kept a distribution from offering any."""

    name: str
    distribution: str
    version: str
    point: EntryPoint | None = None
    fault: str | None = None


def offers(distributions: Iterable[Distribution]) -> Iterator[Offer]:
    """What each distribution offers; of two of the same name the first on the path counts.

    Distributions that say nothing of our groups are left out, broken or not.
    """
    seen: set[str] = set()
    for each in distributions:
        name, version = _label(each)
        if canonicalize_name(name) not in seen:
            seen.add(canonicalize_name(name))
            yield from _of(each, name, version)


def _label(distribution: Distribution) -> tuple[str, str]:
    try:
        # Read as the e-mail that it is, the metadata of all that is installed takes 0.1 s.
        head, _, _ = (distribution.read_text("METADATA") or "").partition("\n\n")
        told: dict[str, str] = dict(reversed(_LABEL.findall(head)))
        if not told:
            told = {name: distribution.metadata[name] for name in ("Name", "Version")}
        return told.get("Name") or "unknown", told.get("Version") or "unknown"
    except Exception:  # noqa: BLE001 -- whatever is wrong with one, the others are still listed
        return "unknown", "unknown"


def _of(distribution: Distribution, name: str, version: str) -> Iterator[Offer]:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        yield Offer(name, name, version, fault=_UNREADABLE)
        return
    if _GROUPS not in text:
        return
    parser = ConfigParser(delimiters=("=",), strict=False, interpolation=None, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case; this is the documented way
    try:
        parser.read_string(text)
    except NotIniError:
        yield Offer(name, name, version, fault=_UNREADABLE)
        return
    for group in parser.sections():
        if group.startswith(_GROUPS):
            for entry, value in parser.items(group):
                yield _offer(group, entry, value, name, version)


def _offer(group: str, entry: str, value: str, name: str, version: str) -> Offer:
    fault = None
    if group != GROUP:
        spoken = group.removeprefix(_GROUPS)[:10]
        fault = f"it speaks protocol {spoken}, this gateway {OURS.major}; install one that fits"
    elif not _NAME.fullmatch(entry):
        fault = "its name must be of a-z, 0-9 and hyphens, 40 characters at most"
    elif EntryPoint.pattern.match(value) is None:
        fault = "its entry point names no class as module:Class"
    return Offer(entry, name, version, EntryPoint(entry, value, group), fault)
