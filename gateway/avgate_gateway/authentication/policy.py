"""What a token must say to be believed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Times in seconds; a token that names several audiences is refused unless that is allowed."""

    issuer: str
    audience: str
    controllers: Collection[str]
    longest_seconds: int = 3600
    skew_seconds: int = 60
    several_audiences: bool = False
