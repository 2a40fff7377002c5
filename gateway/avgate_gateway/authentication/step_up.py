"""How a person must have signed in for a token to use certain scopes: RFC 9470, step-up authentication."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a token tells of it (RFC 9068 section 2.2.1); of machines there is nothing to tell."""

    acr: str | None = None
    at: float | None = None  # in seconds since 1970

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> SignIn:
        """What is not of its type was not told."""
        acr, at = claims.get("acr"), claims.get("auth_time")
        if isinstance(at, bool) or not isinstance(at, int | float):
            at = None
        return cls(acr if isinstance(acr, str) else None, at)


@dataclass(frozen=True, slots=True)
class StepUp:
    """One of these classes of sign-in, no longer ago than this; what is empty is not asked."""

    scopes: Collection[str]
    acr: Sequence[str] = ()
    max_age_seconds: int | None = None

    def is_met(self, by: SignIn, now: float, skew: float) -> bool:
        if self.acr and by.acr not in self.acr:
            return False
        if self.max_age_seconds is None:
            return True
        return by.at is not None and -skew <= now - by.at <= self.max_age_seconds

    @property
    def challenge(self) -> str:
        """What a client has to ask its provider for, as section 3 has it."""
        told = {
            "error": "insufficient_user_authentication",
            "error_description": "the person has to sign in anew, or more strongly",
        }
        if self.acr:
            told["acr_values"] = " ".join(self.acr)
        if self.max_age_seconds is not None:
            told["max_age"] = str(self.max_age_seconds)
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in told.items())
