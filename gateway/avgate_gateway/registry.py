"""Which connectors are installed, which of them may be used, and why the others may not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from avgate_contracts.connector import Connector, Limits, Manifest
from avgate_contracts.http import HttpClient
from avgate_contracts.settings import ConnectorSettings

GROUP = "avgate.connectors.v1"
_PROTOCOL_MAJOR = "1"

ConnectorType = Callable[[ConnectorSettings, HttpClient], Connector]
OpenClient = Callable[[ConnectorSettings, Limits], HttpClient]


class ConnectorRefusedError(Exception):
    """A configured connector may not be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A connector that was found: usable, or refused for a reason."""

    name: str
    distribution: str
    version: str
    kind: ConnectorType | None = None
    manifest: Manifest | None = None
    refused: str | None = None


def discover(allowed: Iterable[str]) -> Mapping[str, Installed]:
    """Every connector that the entry-point group names; one broken package stops no other."""
    may = {name.lower() for name in allowed}
    found: dict[str, Installed] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        one = _load(point, may)
        found[one.name] = one if one.name not in found else _doubled(found[one.name])
    return found


def opened(
    installed: Installed, settings: ConnectorSettings, open_client: OpenClient
) -> tuple[Connector, HttpClient]:
    """Builds a usable connector for one controller, and the http client that goes with it."""
    if installed.kind is None or installed.manifest is None:
        raise ConnectorRefusedError(f"connector {installed.name}: {installed.refused}")
    client = open_client(settings, installed.manifest.limits)
    return installed.kind(settings, client), client


def settings_type(installed: Installed) -> type[ConnectorSettings]:
    """The type of a usable connector's settings; raises ConnectorRefusedError for a refused one."""
    if installed.kind is None:
        raise ConnectorRefusedError(f"connector {installed.name}: {installed.refused}")
    kind: type[ConnectorSettings] = installed.kind.settings_type  # type: ignore[attr-defined]  # a class attribute that Callable cannot express
    return kind


def _load(point: EntryPoint, may: set[str]) -> Installed:
    distribution = point.dist.name if point.dist else "unknown"
    version = point.dist.version if point.dist else "0"
    here = Installed(point.name, distribution, version)
    if distribution.lower() not in may:
        return _refuse(here, f"distribution {distribution} is not in connectors_allowed")
    try:
        kind = point.load()
    except Exception as error:  # noqa: BLE001 -- a partner's import may fail in any way at all
        return _refuse(here, f"importing it failed with {type(error).__name__}")
    manifest = getattr(kind, "manifest", None)
    if not isinstance(manifest, Manifest):
        return _refuse(here, "it has no manifest")
    if manifest.name != point.name:
        return _refuse(here, "its manifest bears another name than its entry point")
    if manifest.protocol.split(".")[0] != _PROTOCOL_MAJOR:
        return _refuse(here, f"it speaks protocol {manifest.protocol}, we speak {_PROTOCOL_MAJOR}")
    return Installed(point.name, distribution, version, kind, manifest)


def _refuse(installed: Installed, reason: str) -> Installed:
    return Installed(installed.name, installed.distribution, installed.version, refused=reason)


def _doubled(installed: Installed) -> Installed:
    return _refuse(installed, "two installed distributions offer a connector of this name")
