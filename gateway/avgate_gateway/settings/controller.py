"""What belongs to one controller."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from avgate_contracts.settings import PrivateNetwork
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings.destination import Destination
from avgate_gateway.settings.opendsr import OpenDsrSenders
from avgate_gateway.settings.value import Line, Name
from avgate_gateway.settings.webhook import CallbackHost, SigningSecret, WebhookSettings


class ControllerSettings(OpenDsrSenders):
    """One controller that the gateway acts for."""

    title: Line = Field(description="The controller's name, as it stands in letters.")
    language: Literal["nl", "en"] = Field("nl", description="The language of letters.")
    contact: tuple[Line, ...] = Field(
        (), description="How people reach the controller, line by line, as it stands in letters."
    )
    retention: Name = Field(description="The retention pack that says what stays and how long.")
    answer_within_days: Annotated[int, Field(strict=True, ge=1, le=31)] = Field(
        28, description="Within how many days a request is answered; the law allows one month."
    )
    clients: tuple[Line, ...] = Field(
        (), description="Clients that act for this controller where tokens name none."
    )
    approval_exempt_clients: tuple[Line, ...] = Field(
        (), description="Clients whose erasures and rectifications need no second person."
    )
    cooling_off_minutes: Annotated[int, Field(strict=True, ge=0, le=20_160)] = Field(
        0,
        description="How long after its approval a plan may still be withdrawn, before it is begun.",
    )
    erasures_per_hour: Annotated[int, Field(strict=True, ge=1)] = Field(
        5000,
        description="How many erasures may begin within an hour; further ones need an approver with the scope `admin`.",
    )
    erasures_per_hour_of_client: Annotated[int, Field(strict=True, ge=1)] = Field(
        2000, description="The same of those that one client submits, or approves."
    )
    connectors: dict[Name, dict[str, Any]] = Field(
        default_factory=dict,
        repr=False,
        description="The upstreams of this controller, each with its connector's own settings.",
    )
    destinations: dict[Name, Destination] = Field(
        default_factory=dict, repr=False, description="Where copies may be handed over to."
    )
    webhooks: dict[Name, WebhookSettings] = Field(
        default_factory=dict, description="Who is told of the events of this controller's requests."
    )
    callback_hosts: frozenset[CallbackHost] = Field(
        frozenset(),
        description="The hosts that a request's `callback_url` may name; none listed means none.",
    )
    callback_secret: SigningSecret | None = Field(
        None, description="What is sent to them is signed with it; as a webhook's `secret`."
    )
    callback_former_secrets: tuple[SigningSecret, ...] = Field(
        (), description="As a webhook's `former_secrets`."
    )
    callback_private_networks: tuple[PrivateNetwork, ...] = Field(
        (), description="The private networks in which those hosts may lie."
    )

    @model_validator(mode="after")
    def _callbacks_are_signed(self) -> ControllerSettings:
        if self.callback_hosts and self.callback_secret is None:
            raise WrongValueError("callback_hosts needs callback_secret")
        return self
