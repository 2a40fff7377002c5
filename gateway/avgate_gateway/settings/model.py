"""Every setting, its meaning, and what it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)

from avgate_contracts.destination import why_not_called
from avgate_contracts.settings import PrivateNetwork
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings.origin import Origins
from avgate_gateway.settings.value import (
    Bytes,
    Calls,
    Database,
    Days,
    File,
    Line,
    Name,
    Network,
    Part,
    SafeAddress,
    readable,
)


class ClaimSettings(Part):
    """Under which names tokens tell what RFC 9068 and we call so."""

    controller: Line = Field("controller", description="The claim that names the controller.")
    client: Line = Field("client_id", description="The claim that names the client, such as azp.")
    scope: Line = Field(
        "scope", description="The claim with the scopes; called otherwise, it may be a list."
    )
    token_id: Line = Field("jti", description="The claim that tells a token from all others.")


class AuthenticationSettings(Part):
    """Which access tokens are believed."""

    issuer: Line = Field("avgate", description="The issuer that tokens must name (iss).")
    audience: Line = Field("avgate", description="The audience that tokens must name (aud).")
    issuer_url: SafeAddress | None = Field(
        None,
        description="An OpenID Connect issuer, of which the rest is asked; it takes the place of "
        "issuer and jwks_url.",
    )
    jwks_file: File | None = Field(
        None, description="The issuer's public keys, as a JWK Set in a file."
    )
    jwks_url: SafeAddress | None = Field(
        None, description="Where the issuer publishes its public keys, as a JWK Set."
    )
    private_networks: tuple[PrivateNetwork, ...] = Field(
        (), description="The private networks, such as 10.0.0.0/8, in which jwks_url may lie."
    )
    token_seconds: Annotated[int, Field(strict=True, ge=60, le=86_400)] = Field(
        3600, description="The longest that a token may be valid, in seconds."
    )
    several_audiences: bool = Field(
        False, description="Whether a token may name other audiences beside ours."
    )

    plain_jwt: bool = Field(
        False,
        description="Whether access tokens may be of the type JWT, as Keycloak and Entra make them.",
    )
    claims: ClaimSettings = Field(
        default_factory=ClaimSettings, description="Under which names tokens tell things."
    )

    @model_validator(mode="after")
    def _one_source(self) -> AuthenticationSettings:
        external = [self.issuer_url, self.jwks_file, self.jwks_url]
        if external.count(None) < len(external) - 1:
            raise WrongValueError("issuer_url, jwks_file and jwks_url exclude each other; keep one")
        if self.issuer_url is not None and "issuer" in self.model_fields_set:
            raise WrongValueError("issuer_url is the issuer as well; leave issuer out")
        named = {"issuer", "audience"} - ({"issuer"} if self.issuer_url is not None else set())
        if any(external) and not named <= self.model_fields_set:
            raise WrongValueError("with keys of another issuer, issuer and audience must be set")
        return self

    @model_validator(mode="after")
    def _keys_can_be_fetched(self) -> AuthenticationSettings:
        address = self.jwks_url
        why = None if address is None else why_not_called(address, self.private_networks)
        if why is not None:
            raise WrongValueError(f"jwks_url cannot be called: {why}")
        return self

    @property
    def named_issuer(self) -> str:
        """What tokens must name as `iss`."""
        return self.issuer_url or self.issuer

    @property
    def is_embedded(self) -> bool:
        """Whether the gateway signs its own tokens, for want of an issuer."""
        return not any((self.issuer_url, self.jwks_file, self.jwks_url))


class LimitSettings(Part):
    """How much of anything is let in."""

    body_bytes: Bytes = Field(65_536, description="The largest body of an HTTP request, in bytes.")
    body_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        15.0, description="The longest that a body may take to arrive, in seconds."
    )
    header_bytes: Bytes = Field(16_384, description="All headers together, in bytes.")
    header_count: Annotated[int, Field(strict=True, ge=8, le=1000)] = Field(
        64, description="The most headers of one HTTP request."
    )
    at_once: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        1_000, description="The most calls that wait for an answer; 503 for what comes on top."
    )
    head_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        10.0,
        description="The longest that request line and headers may take to arrive, in seconds.",
    )
    stall_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        60.0, description="How long a caller may stop taking an answer, in seconds."
    )
    connections: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        5_000,
        description="The most connections; the one that is silent longest goes for a new one.",
    )
    connections_per_peer: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        2_500, description="The most connections from one address."
    )
    rate_seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)] = Field(
        60, description="The window that calls are counted in, in seconds."
    )
    calls_per_client: Calls = Field(
        60_000, description="The most calls of a client within the window; 429 on top. 0: no limit."
    )
    calls_per_controller: Calls = Field(
        120_000, description="The most calls of all clients of a controller together. 0: no limit."
    )
    refusals_per_peer: Calls = Field(
        300, description="The most 401 to one address within the window; 429 on top. 0: no limit."
    )
    callbacks_per_peer: Calls = Field(
        6_000, description="The most calls to `/v1/callbacks` from one address. 0: no limit."
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses or networks of proxies that are believed about whom they speak for "
        "(`X-Forwarded-For`); none listed means that nobody is.",
    )
    hosts: frozenset[Line] = Field(
        frozenset(), description="The host names the gateway answers to; none listed means any."
    )


class ControllerSettings(Part):
    """One controller that the gateway acts for."""

    title: Line = Field(description="The controller's name, as it stands in letters.")
    language: Literal["nl", "en"] = Field("nl", description="The language of letters.")
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
    connectors: dict[Name, dict[str, Any]] = Field(
        default_factory=dict,
        repr=False,
        description="The upstreams of this controller, each with its connector's own settings.",
    )


class Settings(Part):
    """Everything that the operator decides."""

    database: Database = Field(
        "sqlite:///avgate.db", repr=False, description="Where rows are kept: SQLite or PostgreSQL."
    )
    master_key_file: File = Field(
        Path("avgate.key"),
        description="The key that all personal data is encrypted under; made on first start.",
    )
    master_key: SecretStr | None = Field(
        None,
        description="The same in base64 instead of a file: `env:NAME`, or `file:PATH` of such a text.",
    )
    master_key_command: tuple[Line, ...] = Field(
        (),
        description="A program and its arguments that print it in base64, as a KMS's client does.",
    )
    master_keys_former: tuple[SecretStr, ...] = Field(
        (), description="Master keys that only open what is not yet under the new one; likewise."
    )
    token_key_file: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-token.jwk"),
        description="The key that signs tokens while no issuer is set; made on first start.",
    )
    evidence_key_file: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-evidence.pem"),
        description="The key that checkpoints of the evidence are signed with; made on first start.",
    )
    checkpoints_file: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-checkpoints.txt"),
        description="Where checkpoints are kept beside the database; ship it to another machine.",
    )
    connectors_allowed: Annotated[tuple[Line, ...], AfterValidator(readable)] = Field(
        ("avgate",),
        description="The distributions whose connectors may be loaded, each with a version range "
        "if need be: `acme-avgate>=1,<2`.",
    )
    least_level: Annotated[int, Field(strict=True, ge=0, le=5)] = Field(
        0, description="The conformance level that a connector's evidence must claim at least."
    )
    public_url: SafeAddress | None = Field(
        None, description="Where upstreams can reach this gateway; unset, they are only asked."
    )
    vault_days: Days = Field(
        30, description="How many days personal data outlives the closing of its request."
    )
    plan_valid_days: Days = Field(
        7, description="How many days a plan may be approved after it was made."
    )
    authentication: AuthenticationSettings = Field(
        default_factory=AuthenticationSettings, description="Which access tokens are believed."
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="How much of anything is let in."
    )
    controllers: dict[Name, ControllerSettings] = Field(
        min_length=1, description="The controllers that the gateway acts for."
    )

    @model_validator(mode="after")
    def _one_controller_each(self) -> Settings:
        named = [client for one in self.controllers.values() for client in one.clients]
        if len(named) > len(set(named)):
            raise WrongValueError("a client acts for one controller; take it out of the others")
        return self

    @model_validator(mode="after")
    def _one_master_key(self) -> Settings:
        given = {"master_key_file", "master_key", "master_key_command"} & self.model_fields_set
        if len(given) > 1:
            raise WrongValueError(
                "master_key_file, master_key and master_key_command exclude each other; keep one"
            )
        return self

    @property
    def has_master_key_file(self) -> bool:
        """Whether the master key stands in a file of its own, for want of another source."""
        return self.master_key is None and not self.master_key_command

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Origins:
        """Where each value was found."""
        return self._origins
