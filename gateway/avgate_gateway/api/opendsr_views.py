"""What senders of OpenDSR read, for the description: answers are made and signed as bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from avgate_gateway.opendsr.mapping import RequestType, Status


class SupportedIdentityView(BaseModel):
    """A type of identity that data subjects may be named by."""

    identity_type: str
    identity_format: Literal["raw"]


class DiscoveryExtensionView(BaseModel):
    """Types that OpenDSR lacks."""

    supported_identities: list[SupportedIdentityView]


class DiscoveryView(BaseModel):
    """What can be asked, and by what."""

    api_version: str
    supported_identities: list[SupportedIdentityView]
    supported_subject_request_types: list[RequestType]
    processor_certificate: str
    extensions: dict[str, DiscoveryExtensionView] = Field(description="By our own domain.")


class _Told(BaseModel):
    """What every answer about a request begins with."""

    controller_id: str
    subject_request_id: str


class SubjectReceiptView(_Told):
    """A request that was taken in."""

    expected_completion_time: datetime
    received_time: datetime
    encoded_request: str = Field(
        description="The body in base64; it names the person: do not keep it."
    )
    processor_signature: str = Field(description="Of all the rest of this body.")


class CancellationView(_Told):
    """A request that was withdrawn."""

    received_time: datetime
    api_version: str
    processor_signature: str = Field(description="Of all the rest of this body.")


class StandingExtensionView(BaseModel):
    """What the four statuses cannot say."""

    outcomes: dict[str, int] = Field(description="How many items fared how: words of the report.")


class StandingView(_Told):
    """How a request stands."""

    expected_completion_time: datetime
    request_status: Status
    api_version: str
    results_count: int = Field(0, description="Erased, or in the copy; once completed.")
    results_url: str = Field("", description="Of a copy, once completed; needs a token.")
    extensions: dict[str, StandingExtensionView] = Field(
        default_factory=dict, description="By our own domain; once completed."
    )


class ResultIdentityView(BaseModel):
    """By what a record was found."""

    identity_type: str
    identity_value: str


class ResultView(BaseModel):
    """One record."""

    id: str
    kind: str
    system: str
    identities: list[ResultIdentityView]
    data: dict[str, object]


class ResultsView(BaseModel):
    """The file of results."""

    subject_request_id: str
    package_url: str = Field(description="The same with its files, as a ZIP.")
    results: list[ResultView]
