"""The settings of the gateway as a processor that others send requests to by OpenDSR."""

from __future__ import annotations

from pydantic import Field

from avgate_gateway.settings.value import Domain, File, Line, Part, SafeAddress


class OpenDsrSettings(Part):
    """What the gateway is to those who send requests by OpenDSR."""

    url: SafeAddress | None = Field(
        None,
        description="Where others reach this gateway who send requests by OpenDSR, best by a host "
        "name of its own; unset, nobody may.",
    )
    domain: Domain | None = Field(
        None, description="The domain that answers are signed for; unset, the host of `url`."
    )
    key_file: File | None = Field(
        None,
        description="The RSA key that answers are signed with; made on first start, and unset, "
        "`avgate-opendsr.pem` beside the master key.",
    )
    certificate_file: File | None = Field(
        None,
        description="Its certificate in PEM, those of its issuers behind it; unset, "
        "`avgate-opendsr.crt` beside the master key, self-signed on first start.",
    )


class OpenDsrSenders(Part):
    """What is believed of those who send requests for a controller."""

    opendsr_ids: tuple[Line, ...] = Field(
        (), description="What senders of OpenDSR call this controller, beside its name here."
    )
    opendsr_verified: bool = Field(
        False,
        description="Whether who sends by OpenDSR has verified identity; else somebody does it here.",
    )
