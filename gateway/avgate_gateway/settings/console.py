"""The pages for staff."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from avgate_gateway.authentication.scope import Scope
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings.oidc import Minutes, OidcSettings
from avgate_gateway.settings.value import Line, Part, SafeAddress

_FRESH_MINUTES = 10


class ConsoleSettings(Part):
    """The pages for staff, at /console."""

    idle_minutes: Annotated[int, Field(strict=True, ge=1, le=1_440)] = Field(
        60, description="After how many minutes without a click staff have to sign in again."
    )
    session_hours: Annotated[int, Field(strict=True, ge=1, le=24)] = Field(
        10, description="After how many hours staff have to sign in again in any case."
    )
    fresh_minutes: Minutes | None = Field(
        None,
        description="How many minutes ago staff may have proved who they are when they approve, reveal or "
        "download; 0 is no limit. Unset: 10 with `console.oidc`, else 0.",
    )
    url: SafeAddress | None = Field(
        None, description="Where staff reach this gateway; unset, it is `public_url`."
    )
    oidc: OidcSettings | None = Field(
        None,
        description="The OpenID Connect provider that staff sign in with; unset, they sign in with links "
        "of `avgate console`.",
    )
    roles: dict[Line, tuple[Scope, ...]] = Field(
        default_factory=dict, description="The scopes of whoever has this role at the provider."
    )

    @model_validator(mode="after")
    def _roles_lead_somewhere(self) -> ConsoleSettings:
        if self.oidc is not None and not any(self.roles.values()):
            raise WrongValueError("with oidc, roles must say which role has which scopes")
        return self

    @property
    def fresh_for(self) -> int:
        """In how many minutes a proof of who somebody is gets old; 0 where it never does."""
        if self.fresh_minutes is not None:
            return self.fresh_minutes
        return _FRESH_MINUTES if self.oidc is not None else 0
