"""Which access tokens are believed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from avgate_contracts.destination import why_not_called
from avgate_contracts.settings import PrivateNetwork
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings.value import File, Line, Part, SafeAddress


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
