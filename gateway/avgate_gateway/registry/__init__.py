"""Which connectors are installed, which of them may be used, and why the others may not."""

from __future__ import annotations

from avgate_gateway.registry.capability import CAPABILITIES, Capability, capabilities
from avgate_gateway.registry.discovery import discover
from avgate_gateway.registry.installed import (
    ConnectorRefusedError,
    ConnectorType,
    Installed,
    OpenClient,
    opened,
    settings_type,
)
from avgate_gateway.registry.offer import GROUP
from avgate_gateway.registry.stand_in import StandIn

__all__ = [
    "CAPABILITIES",
    "GROUP",
    "Capability",
    "ConnectorRefusedError",
    "ConnectorType",
    "Installed",
    "OpenClient",
    "StandIn",
    "capabilities",
    "discover",
    "opened",
    "settings_type",
]
