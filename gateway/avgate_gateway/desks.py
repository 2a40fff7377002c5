"""Opens the connectors of each controller, with its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from avgate_contracts.connector import Connector
from avgate_gateway.configured import connector_of, pack_of
from avgate_gateway.flow.context import Desk
from avgate_gateway.logs.catalogue import CONNECTOR_REFUSED
from avgate_gateway.registry import (
    ConnectorRefusedError,
    Installed,
    OpenClient,
    StandIn,
    opened,
    settings_type,
)
from avgate_gateway.settings import ControllerSettings, Settings, connector_settings


def desk_of(
    name: str,
    settings: Settings,
    controller: ControllerSettings,
    installed: Mapping[str, Installed],
    client: OpenClient,
) -> Desk:
    """A controller's desk; raises SettingsError where a connector is not there or not allowed."""
    return Desk(
        name=name,
        title=controller.title,
        language=controller.language,
        pack=pack_of(settings, name),
        answer_within_days=controller.answer_within_days,
        approval_exempt_clients=frozenset(controller.approval_exempt_clients),
        erasures=controller.erasures_per_hour,
        erasures_of_client=controller.erasures_per_hour_of_client,
        cooling_off=timedelta(minutes=controller.cooling_off_minutes),
        opendsr_ids=controller.opendsr_ids,
        opendsr_verified=controller.opendsr_verified,
        callback_hosts=controller.callback_hosts,
        callback_networks=controller.callback_private_networks,
        contact=controller.contact,
        connectors={
            connector: _connector(settings, name, connector, installed, client)
            for connector in controller.connectors
        },
    )


def _connector(
    settings: Settings,
    controller: str,
    name: str,
    installed: Mapping[str, Installed],
    client: OpenClient,
) -> Connector:
    one = connector_of(settings, controller, name, installed)
    try:
        own = connector_settings(settings, controller, name, settings_type(one))
        made, _ = opened(one, own, client)
    except ConnectorRefusedError as error:
        place = f"controllers.{controller}.connectors.{name}"
        CONNECTOR_REFUSED.tell(place=place, reason=str(error))
        return StandIn(one, str(error))
    return made
