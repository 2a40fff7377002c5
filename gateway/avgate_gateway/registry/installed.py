"""A connector that was found, and how a usable one is put to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from avgate_contracts.connector import Connector, Limits, Manifest
from avgate_contracts.http import HttpClient
from avgate_contracts.settings import ConnectorSettings

ConnectorType = Callable[[ConnectorSettings, HttpClient], Connector]
OpenClient = Callable[[ConnectorSettings, Limits], HttpClient]


class ConnectorRefusedError(Exception):
    """A configured connector may not be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A connector that was found: usable, or refused for a reason.

    `level` is what its author's evidence claims, and 0 where none counts; `level_note` says why.
    `notice` is what to know of a connector that can be used.
    """

    name: str
    distribution: str
    version: str
    kind: ConnectorType | None = None
    manifest: Manifest | None = None
    refused: str | None = None
    is_allowed: bool = True
    level: int = 0
    level_note: str | None = None
    notice: str | None = None

    def refuse(self, reason: str) -> Installed:
        """The same, not to be used."""
        return replace(self, kind=None, manifest=None, refused=reason)


def opened(
    installed: Installed, settings: ConnectorSettings, open_client: OpenClient
) -> tuple[Connector, HttpClient]:
    """Builds a usable connector for one controller, and the http client that goes with it.

    Raises ConnectorRefusedError for a refused one and for one that cannot be built.
    """
    if installed.kind is None or installed.manifest is None:
        raise ConnectorRefusedError(f"connector {installed.name}: {installed.refused}")
    try:
        client = open_client(settings, installed.manifest.limits)
        return installed.kind(settings, client), client
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a partner's code may fail in any way at all
        failed = f"connector {installed.name}: building it failed with {type(error).__name__}"
        raise ConnectorRefusedError(failed) from None


def settings_type(installed: Installed) -> type[ConnectorSettings]:
    """The type of a usable connector's settings; raises ConnectorRefusedError for a refused one."""
    if installed.kind is None:
        raise ConnectorRefusedError(f"connector {installed.name}: {installed.refused}")
    kind: type[ConnectorSettings] = installed.kind.settings_type  # type: ignore[attr-defined]  # a class attribute that Callable cannot express
    return kind
