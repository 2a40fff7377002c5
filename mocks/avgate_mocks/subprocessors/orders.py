"""The bodies that callers send: OpenDSR requests, and changes to a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from avgate_mocks.subprocessors.answering import OPENGDPR
from avgate_mocks.subprocessors.holdings import Identity

# OpenDSR 2.0: a GUID is lower-case and of version 4.
_UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
RequestType = Literal["access", "portability", "erasure"]


class SubjectIdentity(BaseModel):
    identity_type: str
    identity_value: str
    identity_format: Literal["raw", "sha1", "md5", "sha256"]


class Extension(BaseModel):
    """This project's own extension: identity types that OpenDSR does not have."""

    identities: list[SubjectIdentity] = []


class SubjectRequest(BaseModel):
    """`POST /requests`: identities are required unless an extension brings them.

    It is read in the context of a `domain`, the one whose extension counts, and a `naming`.
    """

    regulation: Annotated[Literal["gdpr", "ccpa"] | None, Field(validate_default=True)] = None
    subject_request_id: Annotated[str, StringConstraints(pattern=_UUID4)]
    subject_request_type: RequestType
    submitted_time: AwareDatetime
    subject_identities: list[SubjectIdentity] = []
    api_version: str | None = None
    status_callback_urls: list[str] = []
    extensions: dict[str, Extension] = {}

    @field_validator("regulation", mode="after")
    @classmethod
    def _named_since_version_2(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and (info.context or {}).get("naming") is not OPENGDPR:
            raise ValueError("required")
        return value

    @field_validator("extensions", mode="before")
    @classmethod
    def _own_alone(cls, value: object, info: ValidationInfo) -> object:
        """What is meant for other processors has whatever form they gave it."""
        if not isinstance(value, dict):
            return value
        own = (info.context or {}).get("domain")
        return {name: each for name, each in value.items() if name == own}

    def identities(self, domain: str) -> Iterator[Identity]:
        """Everything the subject is named by, with what this domain's extension adds."""
        extension = self.extensions.get(domain, Extension())
        for one in (*self.subject_identities, *extension.identities):
            yield one.identity_type, one.identity_format, one.identity_value


class Line(BaseModel):
    """One subprocessor as a provider publishes it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    purpose: str = ""
    country: str = ""
    products: list[str] = []


class ListOrder(BaseModel):
    """`POST /_lists`: what a provider publishes from now on."""

    model_config = ConfigDict(extra="forbid")

    provider: str
    processors: Annotated[list[Line], Field(max_length=10_000)]
