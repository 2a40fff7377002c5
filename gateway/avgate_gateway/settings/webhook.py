"""The settings of those who are told what became of requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from avgate_contracts.settings import PrivateNetwork
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.notice import Event
from avgate_gateway.settings.value import Line, Part
from avgate_gateway.webhooks.address import why_not_sent
from avgate_gateway.webhooks.signing import is_secret


def _signing(secret: SecretStr) -> SecretStr:
    if not is_secret(secret.get_secret_value()):
        raise WrongValueError("must be whsec_ and 24 to 64 bytes, or whsk_ and 32, in base64")
    return secret


def _host(text: str) -> str:
    if text != text.lower() or why_not_sent(f"https://{text}", ()) is not None:
        raise WrongValueError(
            "must be a host as addresses name it: crm.example or crm.example:8443"
        )
    return text


SigningSecret = Annotated[SecretStr, AfterValidator(_signing)]
CallbackHost = Annotated[Line, AfterValidator(_host)]


class WebhookSettings(Part):
    """One endpoint that is told of every request of a controller."""

    url: Line = Field(
        repr=False, description="Where events are sent: https, or http on this machine and in its "
        "`private_networks`.",
    )  # fmt: skip
    secret: SigningSecret = Field(
        description="What they are signed with, in base64: `whsec_` and 24 to 64 bytes that the "
        "receiver knows too, or `whsk_` and the 32 of an Ed25519 key whose public half it knows. "
        "The value, `env:NAME`, or `file:PATH` of it."
    )
    former_secrets: tuple[SigningSecret, ...] = Field(
        (),
        description="Secrets of either kind that they are signed with as well, while the receiver "
        "changes over.",
    )
    events: frozenset[Event] = Field(
        frozenset(), description="Which events are sent; none listed means all."
    )
    private_networks: tuple[PrivateNetwork, ...] = Field(
        (), description="The private networks, such as 10.0.0.0/8, in which it may lie."
    )

    @model_validator(mode="after")
    def _can_be_called(self) -> WebhookSettings:
        why = why_not_sent(self.url, self.private_networks)
        if why is not None:
            raise WrongValueError(f"url cannot be called: {why}")
        return self
