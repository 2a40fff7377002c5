"""What is configured, what providers publish, and what OpenDSR processors answer.

OpenDSR is version 2.0 of https://github.com/opengdpr/OpenDSR. It leaves open what a file of
results looks like, and has no list of subprocessors: the shapes of both are this project's own.
"""

from __future__ import annotations

import unicodedata
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from avgate_contracts import (
    ConnectorSettings,
    ContractBrokenError,
    Identifier,
    IdentifierKind,
    InvalidIdentifierError,
    Json,
    Product,
    PublishedProcessor,
    WebAddress,
)

RequestType = Literal["access", "portability", "erasure"]
Form = Literal["raw", "sha1", "md5", "sha256"]
Named: TypeAlias = tuple[str, str]  # an OpenDSR identity type, and the value as it is
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9\-]{0,63}$")]

IDENTITY_KINDS = {
    "controller_customer_id": IdentifierKind.CUSTOMER_ID,
    "email": IdentifierKind.EMAIL,
    "phone": IdentifierKind.PHONE,  # by extension only: OpenDSR has no such type
}

MOST_LINES = 5_000
_MOST_PRODUCTS = 50
_LONGEST_TEXT = 200


class ListSettings(BaseModel):
    """Where one provider publishes its subprocessors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    provider: Name
    url: WebAddress
    format: Literal["json", "csv", "opendsr"]


class ProcessorSettings(BaseModel):
    """A processor that has no interface, so that a person has to ask it.

    `product_group` is what it serves, by whose terms what it holds is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name
    title: str
    products: tuple[str, ...] = ()
    product_group: Product = Product.CLOUD


class OpenDsrSettings(ProcessorSettings):
    """A processor that speaks OpenDSR.

    `domain` is what it signs for, if that is not the host of `opendsr_url`; `certificate_url` is
    where its certificate lies, if that is not on one of the hosts named otherwise.
    """

    opendsr_url: WebAddress
    token: SecretStr
    domain: str | None = None
    certificate_url: WebAddress | None = None

    @property
    def signs_for(self) -> str:
        return (self.domain or urlsplit(self.opendsr_url).hostname or "").lower()


class SubprocessorsSettings(ConnectorSettings):
    """The lists to read and the processors to ask; `patience` is in seconds.

    `base_url` is never called: every list and every processor has an address of its own.
    """

    base_url: WebAddress = "https://subprocessors.invalid"
    lists: tuple[ListSettings, ...] = ()
    processors: tuple[OpenDsrSettings | ProcessorSettings, ...] = ()
    patience: float = Field(default=20.0, gt=0)  # how long access waits for a processor

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [p.name for p in self.processors]
        providers = [one.provider for one in self.lists]
        if len(set(names)) < len(names) or len(set(providers)) < len(providers):
            raise ValueError("each processor and each provider is named once")
        return self

    def hosts(self) -> frozenset[str]:
        """The hosts of every list and every processor."""
        addresses: list[str | None] = [one.url for one in self.lists]
        for processor in self.processors:
            if isinstance(processor, OpenDsrSettings):
                addresses += [processor.opendsr_url, processor.certificate_url]
        return super().hosts() | {urlsplit(address).netloc for address in addresses if address}


def _in_utc(moment: datetime) -> datetime:
    """Some processors leave the zone out; OpenDSR's times are RFC 3339, and theirs are UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class SupportedIdentity(BaseModel):
    identity_type: str
    identity_format: Form


def forms(supported: Iterable[SupportedIdentity]) -> Mapping[str, Form]:
    """The form for each type: a hash where the processor takes one, for it tells less."""
    by_type: dict[str, Form] = {}
    for one in supported:
        if one.identity_format == "sha256":
            by_type[one.identity_type] = "sha256"
        elif one.identity_format == "raw":
            by_type.setdefault(one.identity_type, "raw")
    return by_type


def identity(named: Named, form: Form) -> Json:
    """Somebody as OpenDSR names them."""
    kind, value = named
    hashed = sha256(value.encode()).hexdigest() if form == "sha256" else value
    return {"identity_type": kind, "identity_value": hashed, "identity_format": form}


def _plain(text: str) -> str:
    """One line of printable text: no control characters, no change of writing direction."""
    normal = unicodedata.normalize("NFC", text[: 10 * _LONGEST_TEXT])
    kinds = ((character, unicodedata.category(character)) for character in normal)
    printable = (
        " " if kind == "Cc" else one for one, kind in kinds if kind[0] != "C" or kind == "Cc"
    )
    return " ".join("".join(printable).split())[:_LONGEST_TEXT].strip()


Plain = Annotated[str, AfterValidator(_plain)]


class ListedSubprocessor(BaseModel):
    """One line of a published list, made fit to be stored and shown: it is text of others."""

    name: Plain
    purpose: Plain = ""
    country: Plain = ""
    products: list[Plain] = []

    def processor(self) -> PublishedProcessor:
        named = tuple(product for product in self.products if product)
        return PublishedProcessor(self.name, self.purpose, self.country, named[:_MOST_PRODUCTS])


class PublishedJson(BaseModel):
    """A list as JSON."""

    subprocessors: Annotated[list[ListedSubprocessor], Field(max_length=MOST_LINES)]


class DiscoveryExtension(BaseModel):
    """This project's extension: identity types that OpenDSR lacks, and a list."""

    supported_identities: list[SupportedIdentity] = []
    subprocessors: Annotated[list[ListedSubprocessor], Field(max_length=MOST_LINES)] | None = None


class Discovery(BaseModel):
    """`GET /discovery`."""

    api_version: str
    supported_identities: list[SupportedIdentity]
    supported_subject_request_types: list[str]
    processor_certificate: str
    extensions: dict[str, DiscoveryExtension] | None = None

    def extension(self, domain: str) -> DiscoveryExtension:
        return (self.extensions or {}).get(domain) or DiscoveryExtension()


class Receipt(BaseModel):
    """The answer to `POST /requests`; what it repeats of the request is not even read."""

    subject_request_id: str
    expected_completion_time: Moment | None = None


class RequestStatus(Receipt):
    """The answer to `GET /requests/{id}`."""

    request_status: Literal["pending", "in_progress", "completed", "cancelled"]
    results_url: str | None = Field(default=None, repr=False)
    results_count: int | None = None


class ResultIdentity(BaseModel):
    identity_type: str
    identity_value: str = Field(repr=False)


class Result(BaseModel):
    """One thing that a processor holds of a person."""

    id: str
    kind: str
    identities: list[ResultIdentity] = Field(repr=False)
    data: dict[str, Any] = Field(repr=False)

    def identifiers(self) -> Iterator[Identifier]:
        """As the processor says; what cannot be an identifier of its kind names nobody."""
        for one in self.identities:
            with suppress(InvalidIdentifierError):
                if one.identity_type in IDENTITY_KINDS:
                    yield Identifier.of(IDENTITY_KINDS[one.identity_type], one.identity_value)


class Results(BaseModel):
    """The file at `results_url`."""

    results: list[Result] = Field(repr=False)


class Certificate:
    """The certificate that a processor signs with, as PEM; who issued it is not asked.

    Raises ContractBrokenError if it is none.
    """

    def __init__(self, pem: bytes) -> None:
        try:
            self._parsed = x509.load_pem_x509_certificate(pem)
        except ValueError:
            raise ContractBrokenError("the processor's certificate is not one in PEM") from None

    def is_for(self, domain: str, now: datetime) -> bool:
        """Whether it is for that domain, and has begun and not ended."""
        begun = self._parsed.not_valid_before_utc <= now
        return begun and now <= self._parsed.not_valid_after_utc and domain in self._domains()

    def signed(self, body: bytes, signature: str) -> bool:
        """Whether the signature (base64, RSA PKCS #1 v1.5 with SHA-256) fits the body."""
        key = self._parsed.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        with suppress(InvalidSignature, ValueError):  # ValueError: not base64
            key.verify(b64decode(signature, validate=True), body, padding.PKCS1v15(), SHA256())
            return True
        return False

    def _domains(self) -> frozenset[str]:
        with suppress(x509.ExtensionNotFound):
            names = self._parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            return frozenset(map(str.lower, names.value.get_values_for_type(x509.DNSName)))
        return frozenset()
