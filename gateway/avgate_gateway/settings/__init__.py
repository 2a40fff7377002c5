"""The gateway's settings: read once, typed, and silent about secrets."""

from __future__ import annotations

from avgate_gateway.settings.account import account_of, owner_address
from avgate_gateway.settings.authentication import AuthenticationSettings, StepUpSettings
from avgate_gateway.settings.console import ConsoleSettings
from avgate_gateway.settings.controller import ControllerSettings
from avgate_gateway.settings.error import SettingsError
from avgate_gateway.settings.explanation import Explained, explain
from avgate_gateway.settings.limits import LimitSettings
from avgate_gateway.settings.lines import lines_of
from avgate_gateway.settings.loading import (
    connector_settings,
    load,
    load_for_migrating,
    load_for_tokens,
)
from avgate_gateway.settings.model import Settings
from avgate_gateway.settings.oidc import OidcSettings
from avgate_gateway.settings.place import check_places
from avgate_gateway.settings.value import safe_address

__all__ = [
    "AuthenticationSettings",
    "ConsoleSettings",
    "ControllerSettings",
    "Explained",
    "LimitSettings",
    "OidcSettings",
    "Settings",
    "SettingsError",
    "StepUpSettings",
    "account_of",
    "check_places",
    "connector_settings",
    "explain",
    "lines_of",
    "load",
    "load_for_migrating",
    "load_for_tokens",
    "owner_address",
    "safe_address",
]
