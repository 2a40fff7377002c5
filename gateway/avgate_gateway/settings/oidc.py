"""Whose sign-ins the console believes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from avgate_contracts.destination import why_not_called
from avgate_contracts.settings import PrivateNetwork
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings.value import Line, Name, Part, SafeAddress

_OPENID = "openid"


class OidcClaimSettings(Part):
    """Under which names ID tokens tell who somebody is."""

    login: Line = Field(
        "preferred_username", description="The claim with the name that evidence knows staff by."
    )
    name: Line = Field("name", description="The claim with the name that pages show.")
    roles: Line = Field(
        "roles",
        description="The claim that lists somebody's roles or groups; `realm_access.roles` is one in another.",
    )
    controller: Line = Field("controller", description="The claim that names the controller.")


class OidcSettings(Part):
    """An OpenID Connect provider that staff sign in with."""

    issuer_url: SafeAddress = Field(
        description="The provider, exactly as it calls itself in its metadata."
    )
    client_id: Line = Field(description="What the provider knows the console by.")
    client_secret: SecretStr = Field(
        description="What the console proves itself with: `env:NAME` or `file:PATH`."
    )
    scopes: tuple[Line, ...] = Field(
        (_OPENID, "profile"), description="What the provider is asked to tell."
    )
    controller: Name | None = Field(
        None, description="For whom everybody works who signs in; unset, a claim says it."
    )
    claims: OidcClaimSettings = Field(
        default_factory=OidcClaimSettings, description="Under which names ID tokens tell things."
    )
    acr: tuple[Line, ...] = Field(
        (), description="How somebody must have signed in, one of these (claim acr)."
    )
    amr: tuple[Line, ...] = Field(
        (), description="By what somebody must have signed in, all of these (claim amr)."
    )
    private_networks: tuple[PrivateNetwork, ...] = Field(
        (), description="The private networks, such as 10.0.0.0/8, in which the provider may be."
    )

    @model_validator(mode="after")
    def _is_asked_for_an_id_token(self) -> OidcSettings:
        if _OPENID not in self.scopes:
            raise WrongValueError("scopes must hold openid, or no ID token comes")
        return self

    @model_validator(mode="after")
    def _can_be_called(self) -> OidcSettings:
        why = why_not_called(self.issuer_url, self.private_networks)
        if why is not None:
            raise WrongValueError(f"issuer_url cannot be called: {why}")
        return self


Minutes = Annotated[int, Field(strict=True, ge=0, le=1_440)]
