"""Which access tokens are believed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from avgate_contracts.destination import why_not_called
from avgate_contracts.settings import PrivateNetwork
from avgate_gateway.authentication.scope import Scope
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


# It goes into a header, between quotes, in a list with spaces (RFC 9470 section 3).
AuthenticationClass = Annotated[str, StringConstraints(pattern=r"^[!#-\[\]-~]{1,200}$")]
_ACTS_OF_PEOPLE = (Scope.APPROVE, Scope.COMPLETE_TASKS, Scope.ADMIN)


class StepUpSettings(Part):
    """How somebody must have signed in whose token uses certain scopes; others are answered 401 (RFC 9470)."""

    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = Field(
        _ACTS_OF_PEOPLE,
        description="Of which scopes this is asked; name none that programs use for themselves.",
    )
    acr: tuple[AuthenticationClass, ...] = Field(
        (), description="How somebody must have signed in, one of these (claim acr)."
    )
    max_age_seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)] | None = Field(
        None, description="How long ago at most (claim auth_time), in seconds."
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> StepUpSettings:
        if not self.acr and self.max_age_seconds is None:
            raise WrongValueError("step_up asks for nothing; set acr, max_age_seconds or both")
        return self


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
    step_up: StepUpSettings | None = Field(
        None,
        description="How somebody must have signed in whose token approves, reports work by hand or manages; "
        "unset, it is not asked.",
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
    def _sign_ins_are_told(self) -> AuthenticationSettings:
        if self.step_up is not None and self.is_embedded:
            raise WrongValueError(
                "step_up needs an issuer of your own: tokens of avgate token tell of no sign-in"
            )
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
