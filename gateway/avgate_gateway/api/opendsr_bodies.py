"""What senders of OpenDSR send. Members that nobody here knows are not read: others have their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, PrivateAttr, model_validator

from avgate_contracts.identifier import Identifier
from avgate_gateway.api.bodies import Body, Day, Moment, identifier_of
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.opendsr.mapping import FORMAT, KINDS, UNSUPPORTED, RequestType

UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_MOST_IDENTITIES = 50
_MOST_CALLBACKS = 5
_KNOWN = ", ".join(KINDS)


def _supported_type(name: str) -> str:
    if name in KINDS:
        return name
    told = name if name in UNSUPPORTED else "this identity_type"  # any other may name a person
    raise WrongValueError(f"{told} is not supported; these are: {_KNOWN}")


def _supported_format(name: str) -> str:
    if name != FORMAT:
        raise WrongValueError(f"is not supported; send the value itself, as {FORMAT}")
    return name


class SubjectIdentityBody(Body):
    """One way to find the data subject."""

    identity_type: Annotated[str, Field(max_length=64), AfterValidator(_supported_type)]
    identity_value: Annotated[str, Field(min_length=1, max_length=320, repr=False)]
    identity_format: Annotated[
        Literal["raw", "sha1", "md5", "sha256"], AfterValidator(_supported_format)
    ]
    _identifier: Identifier | None = PrivateAttr(None)

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        self._identifier = self._made()
        return self

    def _made(self) -> Identifier:
        return identifier_of(KINDS[self.identity_type], self.identity_value)

    def identifier(self) -> Identifier:
        return self._identifier or self._made()


class ExtendedIdentityBody(SubjectIdentityBody):
    """The same, with the days on which it was the data subject's; OpenDSR has none."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Day | None = None
    valid_until: Day | None = Field(None, description="The first day on which it no longer held.")

    def _made(self) -> Identifier:
        kind = KINDS[self.identity_type]
        return identifier_of(kind, self.identity_value, self.valid_from, self.valid_until)


class ExtensionBody(Body):
    """Our own extension: identities of types that OpenDSR lacks, or with their days."""

    identities: Annotated[list[ExtendedIdentityBody], Field(max_length=_MOST_IDENTITIES)] = Field(
        default_factory=list
    )


class SubjectRequestBody(Body):
    """A request of a data subject, passed on by whoever vouches for it."""

    model_config = ConfigDict(extra="ignore")

    regulation: Literal["gdpr", "ccpa"] | None = Field(None, description="Required since 2.0.")
    subject_request_id: Annotated[
        str,
        Field(pattern=UUID4, description="A UUID of version 4 in lower case, made by the sender."),
    ]
    subject_request_type: Annotated[RequestType, Field(strict=False)]
    submitted_time: Moment = Field(description="When the data subject asked.")
    subject_identities: Annotated[list[SubjectIdentityBody], Field(max_length=_MOST_IDENTITIES)] = (
        Field(default_factory=list)
    )
    controller_id: Annotated[str, Field(max_length=200)] | None = None
    api_version: Annotated[str, Field(max_length=16)] | None = None
    status_callback_urls: list[Annotated[str, Field(max_length=500)]] = Field(
        default_factory=list, max_length=_MOST_CALLBACKS
    )
    extensions: dict[str, Any] = Field(
        default_factory=dict,
        max_length=50,
        description="By domain; what is meant for others is not read.",
    )

    def identifiers(self, extension: ExtensionBody) -> Iterator[Identifier]:
        """Everything the data subject is named by, each once."""
        named = (*self.subject_identities, *extension.identities)
        yield from dict.fromkeys(one.identifier() for one in named)
