"""What a token must say to be believed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from avgate_gateway.authentication.step_up import StepUp


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Under which names an issuer tells what RFC 9068, and we, call so."""

    controller: str = "controller"
    client: str = "client_id"
    scope: str = "scope"
    token_id: str = "jti"  # noqa: S105 -- the name of a claim


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Times in seconds; a token that names several audiences is refused unless that is allowed.

    A client that stands in `controller_of_client` acts for that controller, and its token needs to name none.
    """

    issuer: str
    audience: str
    controllers: Collection[str]
    longest_seconds: int = 3600
    skew_seconds: int = 60
    several_audiences: bool = False
    plain_jwt: bool = False
    claims: ClaimNames = field(default_factory=ClaimNames)
    controller_of_client: Mapping[str, str] = field(default_factory=dict)
    step_up: StepUp | None = None
