"""Each claim of a token whose signature holds, at its limits and on both sides of what it must be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from avgate_gateway.authentication import Caller, TokenPolicy
from avgate_gateway.authentication.claim import InvalidTokenError, caller
from avgate_gateway.authentication.policy import ClaimNames

from .tokens import CLAIMS, NOW, POLICY

SCP = replace(POLICY, claims=ClaimNames(scope="scp"))
ABILITIES = replace(POLICY, claims=ClaimNames(scope="abilities"))
KNOWN = replace(POLICY, controller_of_client={"crm": "libervoice"})
LIFE = "a token may live 3600 seconds"
READ = {"scope": "", "scp": ["requests:read"], "abilities": ["requests:read"]}


def read(claims: Mapping[str, Any], policy: TokenPolicy = POLICY, now: float = NOW) -> Caller:
    """Who they say is calling; they are read as from a token, and None takes one away."""
    merged = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return caller(json.loads(json.dumps(merged)), policy, now)


BELIEVED: dict[str, tuple[Mapping[str, Any], TokenPolicy]] = {
    "a life of a second": ({"exp": NOW + 1}, POLICY),
    "a life of less than a second": ({"exp": NOW + 0.5}, POLICY),
    "a life of an hour": ({"exp": NOW + 3600}, POLICY),
    "a subject of 200 letters": ({"sub": "s" * 200}, POLICY),
    "of the type that Keycloak tells": ({"typ": "Bearer"}, POLICY),
    "of a client whose controller is known": ({"controller": None}, KNOWN),
    "of one that says the same": ({"controller": "libervoice"}, KNOWN),
    "of another client, which says its own": ({"client_id": "other"}, KNOWN),
}


@pytest.mark.parametrize("what", BELIEVED)
def test_believes_what_is_just_right(what: str) -> None:
    claims, policy = BELIEVED[what]
    assert read(claims, policy).controller == "libervoice"


REFUSED: dict[str, tuple[Mapping[str, Any], TokenPolicy, str]] = {
    "no life at all": ({"exp": NOW}, POLICY, LIFE),
    "a life that ends before it begins": ({"exp": NOW - 0.5}, POLICY, LIFE),
    "a life of more than an hour": ({"exp": NOW + 3600.5}, POLICY, LIFE),
    "a subject of 201 letters": ({"sub": "s" * 201}, POLICY, "sub must be a text of 1 to 200"),
    "a subject of 300 letters": ({"sub": "s" * 300}, POLICY, "sub must be a text of 1 to 200"),
    "a blank subject": ({"sub": " "}, POLICY, "sub must be a text of 1 to 200"),
    "a subject that is no text": ({"sub": 7}, POLICY, "sub must be a text of 1 to 200"),
    "a refresh token": ({"typ": "Refresh"}, POLICY, "only access tokens"),
    "an access token of another kind": ({"typ": "Access"}, POLICY, "only access tokens"),
    **{
        f"a token with {name}": ({name: "x"}, POLICY, "only access tokens")
        for name in ("nonce", "at_hash", "c_hash", "s_hash")
    },
    "a controller that sorts behind": ({"controller": "mister-voip"}, KNOWN, "another controller"),
    "a controller that sorts before": ({"controller": "aa"}, KNOWN, "another controller"),
    "nobody's controller": ({"controller": None}, POLICY, "controller must be a text"),
    "a list as scope": ({"scope": ["admin"]}, POLICY, "scope must be a text"),
    "a number as scp": ({"scp": 1}, SCP, "scp must be a text"),
    "an issuer that sorts before": ({"iss": "a"}, POLICY, "another issuer"),
    "an issuer that sorts behind": ({"iss": "z"}, POLICY, "another issuer"),
    "issued where the clock is ahead": (
        {"iat": NOW + 3_600, "exp": NOW + 3_900},
        POLICY,
        "compare the clocks",
    ),
    "iat as a text": ({"iat": str(NOW)}, POLICY, "iat must be a number"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_what_is_just_not_right(what: str) -> None:
    claims, policy, says = REFUSED[what]
    with pytest.raises(InvalidTokenError, match=says):
        read(claims, policy)


def test_how_long_a_token_lives_is_a_difference() -> None:
    early = {"iat": 100, "exp": 400}
    assert read(early, now=120).client_id == "crm"
    with pytest.raises(InvalidTokenError, match="a token may live 299 seconds"):
        read(early, replace(POLICY, longest_seconds=299), now=120)


@pytest.mark.parametrize("policy", [SCP, ABILITIES])
def test_a_claim_that_is_not_called_scope_may_be_a_list(policy: TokenPolicy) -> None:
    assert read(READ, policy).scopes == {"requests:read"}
    text = {"scp": "requests:read x", "abilities": "requests:read x"}
    assert read(text, policy).scopes == {"requests:read"}
