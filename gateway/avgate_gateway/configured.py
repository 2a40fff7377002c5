"""What of a config only the installed connectors and the retention packs can tell is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from avgate_gateway.registry import Installed
from avgate_gateway.retention import Pack, PackError, load_pack
from avgate_gateway.settings import Settings, SettingsError


def pack_of(settings: Settings, controller: str) -> Pack:
    """A controller's retention pack; raises SettingsError."""
    try:
        return load_pack(settings.controllers[controller].retention)
    except PackError as error:
        message = f"controllers.{controller}.retention: {error}"
        raise SettingsError(settings.origins.path, [message]) from None


def connector_of(
    settings: Settings, controller: str, name: str, installed: Mapping[str, Installed]
) -> Installed:
    """A connector that a controller names; raises SettingsError where it is not there or not allowed."""
    place = f"controllers.{controller}.connectors.{name}"
    one = installed.get(name)
    if one is None:
        known = ", ".join(sorted(installed)) or "none"
        message = f"{place}: no such connector is installed; installed are: {known}"
        raise SettingsError(settings.origins.path, [message])
    if not one.is_allowed:
        raise SettingsError(settings.origins.path, [f"{place}: {one.refused}"])
    return one
