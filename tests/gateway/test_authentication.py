"""Which tokens are believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from avgate_gateway.authentication import (
    Caller,
    FixedKeys,
    TokenPolicy,
    Verifier,
)
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.compact import taken_apart
from avgate_gateway.authentication.trusted_key import trusted_keys

from .tokens import (
    CLAIMS,
    MARKER,
    NOW,
    OURS,
    POLICY,
    RSA,
    THEIRS,
    Clock,
    changed_payload,
    hs256_with_the_public_key,
    key_set,
    public,
    rsa_signed,
    signed,
    stray_bits,
    token,
    verifier,
)

TWICE = json.dumps(CLAIMS)[:-1] + ', "scope": "admin"}'
GOOD_HEADER = '{"alg":"Ed25519","typ":"at+jwt","kid":"ours"}'

REFUSED: dict[str, Callable[[], str]] = {
    "J01 alg none": lambda: token(header={"alg": "none"}),
    "J01 alg none, unsigned": lambda: token(header={"alg": "none"}).rpartition(".")[0] + ".",
    "J02 alg NoNe": lambda: token(header={"alg": "NoNe"}),
    "J03 HS256 with the public key": hs256_with_the_public_key,
    "J04 another key, same kid": lambda: token(key=THEIRS),
    "J05 RS384": lambda: rsa_signed("RS384"),
    "J06 PS512": lambda: rsa_signed("PS512"),
    "an algorithm of another key": lambda: token(header={"alg": "ES256"}),
    "no alg": lambda: token(header={"alg": None}),
    "J07 expired": lambda: token({"iat": NOW - 900, "exp": NOW - 300}),
    "J08 no exp": lambda: token(without="exp"),
    "J09 exp as text": lambda: token({"exp": str(NOW + 600)}),
    "J09 exp as bool": lambda: token({"exp": True}),
    "J10 exp in the year 9999": lambda: token({"exp": 253_402_300_799}),
    "J10 a life of more than an hour": lambda: token({"exp": NOW + 3601}),
    "exp before iat": lambda: token({"iat": NOW + 30, "exp": NOW + 20}),
    "J11 nbf ahead": lambda: token({"nbf": NOW + 61}),
    "J11 nbf as bool": lambda: token({"nbf": True}),
    "J12 iat ahead": lambda: token({"iat": NOW + 61}),
    "no iat": lambda: token(without="iat"),
    "J13 another issuer": lambda: token({"iss": "https://evil.test"}),
    "J13 the issuer with a slash": lambda: token({"iss": "https://issuer.test/"}),
    "J14 no issuer": lambda: token(without="iss"),
    "J15 another audience": lambda: token({"aud": "other"}),
    "J16 no audience": lambda: token(without="aud"),
    "J17 an empty audience": lambda: token({"aud": ""}),
    "J17 an empty list of audiences": lambda: token({"aud": []}),
    "J18 ours among others": lambda: token({"aud": ["avgate", "other"]}),
    "J19 an ID token": lambda: token(header={"typ": "JWT"}),
    "J19 no typ": lambda: token(header={"typ": None}),
    "J20 no sub": lambda: token(without="sub"),
    "J20 no client_id": lambda: token(without="client_id"),
    "J20 no jti": lambda: token(without="jti"),
    "J20 an empty client_id": lambda: token({"client_id": " "}),
    "E02 a client_id with a letter that looks like another": lambda: token(
        {"client_id": "\uff50ortal"}
    ),
    "E02 a client_id with what cannot be seen": lambda: token({"client_id": "por\u200btal"}),
    "E02 a client_id of two lines": lambda: token({"client_id": "crm\nadmin"}),
    "no controller": lambda: token(without="controller"),
    "a controller that is not served": lambda: token({"controller": "other"}),
    "a list of controllers": lambda: token({"controller": ["libervoice"]}),
    "scope as a list": lambda: token({"scope": ["admin"]}),
    "J21 crit": lambda: token(header={"crit": ["x"], "x": 1}),
    "J21 crit that names b64": lambda: token(header={"crit": ["b64"], "b64": True}),
    "J22 jwk": lambda: token(header={"jwk": THEIRS.key.as_dict(private=False)}, key=THEIRS),
    "J23 jku": lambda: token(header={"jku": "https://evil.test/jwks"}),
    "J24 x5u": lambda: token(header={"x5u": "https://evil.test/cert"}),
    "J24 x5c": lambda: token(header={"x5c": ["MIIB"]}),
    "J25 kid as a path": lambda: token(header={"kid": "../../dev/null"}),
    "J26 kid as SQL": lambda: token(header={"kid": "' or 1=1 --"}),
    "J27 kid of 5 kB": lambda: token(header={"kid": "k" * 5_000}),
    "kid as a number": lambda: token(header={"kid": 1}),
    "no kid": lambda: token(header={"kid": None}),
    "J28 a changed payload": changed_payload,
    "J28 no signature": lambda: token().rpartition(".")[0],
    "J28 an empty signature": lambda: token().rpartition(".")[0] + ".",
    "J29 padding behind the signature": lambda: token() + "==",
    "J29 stray bits in the signature": stray_bits,
    "J29 white space": lambda: token() + "\n",
    "J29 other base64": lambda: "+/" + token()[2:],
    "a part too many": lambda: token() + ".e30",
    "J30 more than 8 KiB": lambda: token({"x": "x" * 8_192}),
    "J30 1 MB": lambda: "a" * 1_000_000,
    "J31 a claim twice": lambda: signed(GOOD_HEADER, TWICE),
    "J31 a header twice": lambda: signed(GOOD_HEADER[:-1] + ',"kid":"ours"}', json.dumps(CLAIMS)),
    "claims that are no object": lambda: signed(GOOD_HEADER, "[]"),
    "claims that are no JSON": lambda: signed(GOOD_HEADER, "{"),
    "exp as NaN": lambda: signed(GOOD_HEADER, json.dumps({**CLAIMS, "exp": float("nan")})),
    "a JWE": lambda: "e30.e30.e30.e30.e30",
    "nothing": lambda: "",
    "half a surrogate": lambda: "\ud800",
}


@pytest.mark.parametrize("forged", REFUSED.values(), ids=REFUSED)
async def test_refuses_every_token_that_is_not_quite_right(forged: Callable[[], str]) -> None:
    keys = FixedKeys([OURS.public(), *trusted_keys(key_set(public(RSA, "rsa"))).values()])
    with pytest.raises(InvalidTokenError):
        await Verifier(POLICY, keys, Clock()).caller(forged())


def test_refuses_a_second_spelling_itself_and_leaves_it_to_no_library() -> None:
    with pytest.raises(InvalidTokenError, match="canonical"):
        taken_apart(stray_bits())


async def test_believes_the_token_that_all_these_were_made_from() -> None:
    scopes = frozenset({"requests:read", "requests:erase"})
    assert await verifier().caller(token()) == Caller("crm", "libervoice", scopes, "agent-7")


@pytest.mark.parametrize(
    "good",
    [
        token(header={"typ": "application/at+jwt"}),
        token(header={"typ": "AT+JWT"}),
        token(header={"alg": "EdDSA"}),
        token(header={"x5t": "abc", "cty": "json"}),
        token(header={"x-of-their-own": 1}),  # to be ignored, RFC 7515 section 4
        token({"aud": ["avgate"]}),
        token({"nbf": NOW, "exp": NOW + 600.5}),
        token(without="scope"),
    ],
)
async def test_believes_what_an_issuer_may_write_differently(good: str) -> None:
    assert (await verifier().caller(good)).client_id == "crm"


async def test_a_token_for_several_audiences_is_believed_only_where_that_is_allowed() -> None:
    policy = TokenPolicy(POLICY.issuer, "avgate", POLICY.controllers, several_audiences=True)
    several = token({"aud": ["other", "avgate"]})
    assert (await verifier(policy=policy).caller(several)).client_id == "crm"


async def test_scopes_of_other_systems_are_left_out() -> None:
    caller = await verifier().caller(token({"scope": "openid admin requests:* profile"}))
    assert caller.scopes == {"admin"}


@pytest.mark.parametrize(
    ("now", "claims"),
    [
        (NOW + 660, {}),
        (NOW - 60, {}),
        (NOW, {"nbf": NOW + 60}),
    ],
)
async def test_sixty_seconds_of_skew_pass_and_sixty_one_do_not(
    now: int, claims: dict[str, Any]
) -> None:
    assert (await verifier(Clock(now)).caller(token(claims))).client_id == "crm"
    beyond = now + 1 if now > NOW else now - 1
    with pytest.raises(InvalidTokenError):
        await verifier(Clock(beyond)).caller(token(claims))


async def test_a_refusal_says_nothing_of_the_token() -> None:
    forged = token({"controller": MARKER, "sub": MARKER}, header={"kid": "ours"})
    with pytest.raises(InvalidTokenError) as caught:
        await verifier().caller(forged)
    assert MARKER not in str(caught.value)
