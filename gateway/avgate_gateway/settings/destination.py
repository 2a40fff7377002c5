"""Where copies may be handed over to: a successor's own server, named by the operator."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from avgate_contracts.destination import Destinations, Origin, why_not_called
from avgate_contracts.settings import PrivateNetwork, WebAddress
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.package.sealing import RecipientError, canonical
from avgate_gateway.settings.value import Line, Part


def _age_key(value: str) -> str:
    try:
        return canonical(value)
    except RecipientError:
        raise WrongValueError("must be an age public key of the successor: age1...") from None


def _folder(value: str) -> str:
    parts = value.split("/")
    if any(part in {"", ".", ".."} for part in parts) and value:
        raise WrongValueError("must be a folder below the one that is shown after signing in")
    return value


AgeKey = Annotated[Line, AfterValidator(_age_key)]
Folder = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9._/-]*$"), AfterValidator(_folder)
]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.:-]{1,253}$")]


class _Destination(Part):
    title: Line | None = Field(
        None, description="The successor's name, as it stands in letters; its key here if left out."
    )
    recipient: AgeKey = Field(description="The successor's age key, which every copy is sealed to.")
    private_networks: tuple[PrivateNetwork, ...] = Field(
        (), description="Networks in which it may be although they are not public."
    )


def _held_to(why: str | None) -> None:
    if why is not None:
        raise WrongValueError(f"it cannot be called: {why}")


class HttpsDestination(_Destination):
    """A folder that takes files by PUT."""

    kind: Literal["https"] = Field(description="How it is reached: https, sftp or s3.")
    url: WebAddress = Field(description="The folder; the name of the file is put behind it.")
    token: SecretStr | None = Field(None, description="Sent as a bearer token.")
    username: Line | None = Field(None, description="Sent with the password, by RFC 7617.")
    password: SecretStr | None = Field(None, description="That of the user.")
    parts: bool = Field(
        default=False,
        description="It takes a file in parts (Content-Range, RFC 9110 section 14.5): then an "
        "upload goes on where it stopped.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> HttpsDestination:
        _held_to(why_not_called(self.url, self.private_networks))
        if (self.username is None) != (self.password is None):
            raise WrongValueError("username and password belong together")
        if self.token is not None and self.username is not None:
            raise WrongValueError("token and username exclude each other; keep one")
        return self


class SftpDestination(_Destination):
    """A folder on an SFTP server."""

    kind: Literal["sftp"] = Field(description="How it is reached: https, sftp or s3.")
    host: Host = Field(description="Its name or address.")
    port: Annotated[int, Field(strict=True, ge=1, le=65_535)] = Field(22, description="Its port.")
    host_key: Annotated[
        str, StringConstraints(pattern=r"^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/]{40,1400}={0,2}$")
    ] = Field(description="Its public key, as in known_hosts; no other server is believed.")
    username: Line = Field(description="Who signs in.")
    password: SecretStr | None = Field(None, description="Their password, if they have no key.")
    private_key: SecretStr | None = Field(None, description="Their private key, in OpenSSH's form.")
    folder: Folder = Field("", description="The folder below the one shown after signing in.")

    @model_validator(mode="after")
    def _can_sign_in(self) -> SftpDestination:
        if (self.password is None) == (self.private_key is None):
            raise WrongValueError("give a password or a private_key, and not both")
        _held_to(self.destinations.why_not(self.origin))
        return self

    @property
    def origin(self) -> Origin:
        return Origin("sftp", self.host, self.port)

    @property
    def destinations(self) -> Destinations:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return Destinations.of([host], self.private_networks)


class S3Destination(_Destination):
    """A bucket of S3, or of a store that speaks its protocol."""

    kind: Literal["s3"] = Field(description="How it is reached: https, sftp or s3.")
    endpoint: WebAddress = Field(description="The address of the store.")
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{3,63}$")] = Field(
        description="The bucket."
    )
    region: Line = Field("us-east-1", description="The region that calls are signed for.")
    access_key_id: Line = Field(description="Who signs.")
    secret_access_key: SecretStr = Field(description="What they sign with.")
    folder: Folder = Field("", description="What the names of files begin with.")

    @model_validator(mode="after")
    def _can_be_called(self) -> S3Destination:
        _held_to(why_not_called(self.endpoint, self.private_networks))
        return self


Destination = Annotated[
    HttpsDestination | SftpDestination | S3Destination, Field(discriminator="kind")
]
