"""Who an ID token is about, as the gateway knows people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from avgate_gateway.authentication import Caller, InvalidTokenError, Scope
from avgate_gateway.authentication.client_name import may_be_client
from avgate_gateway.oidc.id_token import text
from avgate_gateway.settings import OidcSettings

PREFIX = "console:"  # tells staff from every program
_LONGEST = 200
_HOW_AND_WHEN = frozenset({"acr", "amr", "auth_time", "sid", "nonce"})  # a signature must cover it


class NoRoleError(Exception):
    """Somebody whom the provider knows, and who has nothing to do here."""


def caller_of(
    claims: Mapping[str, Any],
    settings: OidcSettings,
    roles: Mapping[str, Collection[Scope]],
    controllers: Collection[str],
) -> Caller:
    """For whom and with which scopes somebody works; raises NoRoleError, InvalidTokenError."""
    controller = settings.controller or claims.get(settings.claims.controller)
    scopes = {
        scope.value
        for role in _roles(claims, settings.claims.roles)
        for scope in roles.get(role, ())
    }
    if not scopes or not isinstance(controller, str) or controller not in controllers:
        raise NoRoleError
    subject = text(claims, "sub")
    return Caller(
        _login(claims, settings.claims.login, subject), controller, frozenset(scopes), subject
    )


def leaves_out(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether an ID token does not say who somebody is: many providers tell that at UserInfo alone."""
    own = settings.claims
    told_by = {own.roles, own.roles.partition(".")[0]}
    return (
        not told_by & claims.keys()
        or own.login not in claims
        or (settings.controller is None and own.controller not in claims)
    )


def completed(claims: Mapping[str, Any], more: Any, settings: OidcSettings) -> Mapping[str, Any]:
    """With what UserInfo says of the same person (OpenID Connect Core section 5.3.2).

    It says what somebody is called and does, and nothing of how and when they signed in; where both
    speak, the ID token counts, which is signed. Raises InvalidTokenError.
    """
    if not isinstance(more, Mapping) or more.get("sub") != claims.get("sub"):
        raise InvalidTokenError("UserInfo is about somebody else")
    own = settings.claims
    asked = {own.login, own.name, own.roles, own.controller, own.roles.partition(".")[0]}
    told = {name: more[name] for name in asked & more.keys() - _HOW_AND_WHEN}
    return {**told, **claims}


def name_of(claims: Mapping[str, Any], settings: OidcSettings, login: str) -> str:
    """What pages call somebody: their name, or what they sign in with."""
    name = claims.get(settings.claims.name)
    shown = " ".join(name.split()) if isinstance(name, str) and name.isprintable() else ""
    return shown[:_LONGEST] or login.removeprefix(PREFIX)


def _login(claims: Mapping[str, Any], name: str, subject: str) -> str:
    """The name in the evidence: what they sign in with, or the subject where that is no plain text.

    No letters are left out or replaced, which could make two people one.
    """
    login = claims.get(name)
    for told in (login, subject):
        if isinstance(told, str) and told.strip() and may_be_client(PREFIX + told.strip()):
            return PREFIX + told.strip()
    raise InvalidTokenError("neither login nor subject is printable ASCII")


def _roles(claims: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts, or one text; by a name with dots, in an object within."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    several = found if isinstance(found, list) else [found]
    return [role for role in several if isinstance(role, str)]
