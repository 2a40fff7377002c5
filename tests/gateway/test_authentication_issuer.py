"""Tokens of an issuer that is known by its address, over a real socket, in good days and bad."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from avgate_contracts.errors import ConnectorError, ContractBrokenError
from avgate_gateway.authentication import ClaimNames, RotatingKeys, TokenPolicy, Verifier
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.discovering import fetch_discovered
from avgate_gateway.problem import UNAVAILABLE, ProblemError

from .issuer import CONFIGURATION, KEYS, Answer, Issuer, issuing
from .tokens import NOW, Clock, token

POLICY = TokenPolicy("", "avgate", frozenset({"libervoice"}))


def house(issuer: Issuer, clock: Clock, **policy: Any) -> Verifier:
    keys = RotatingKeys(fetch_discovered(issuer.address), clock)
    return Verifier(replace(POLICY, issuer=issuer.address, **policy), keys, clock)


def made(issuer: Issuer, kid: str = "old", **claims: Any) -> str:
    return token({"iss": issuer.address, "exp": NOW + 3600, **claims}, {"kid": kid})


async def test_an_issuer_is_known_by_its_address_alone() -> None:
    async with issuing("old") as issuer:
        clock = Clock()
        verifier = house(issuer, clock)
        assert (await verifier.caller(made(issuer))).client_id == "crm"
        for number in range(20):
            await verifier.caller(made(issuer, jti=str(number)))
        assert issuer.asked == {CONFIGURATION: 1, KEYS: 1}


async def test_a_token_that_brings_a_key_along_has_nothing_fetched() -> None:
    async with issuing("old") as issuer:
        verifier = house(issuer, Clock())
        for name in ("jku", "x5u"):
            forged = token({"iss": issuer.address}, {name: f"{issuer.address}/evil"})
            with pytest.raises(InvalidTokenError):
                await verifier.caller(forged)
        assert not issuer.asked


async def test_a_new_key_is_fetched_once_and_a_withdrawn_one_is_refused() -> None:
    async with issuing("old") as issuer:
        clock = Clock()
        verifier = house(issuer, clock)
        await verifier.caller(made(issuer))
        clock.now += 5
        issuer.publishes("old", "new")
        await asyncio.gather(*(verifier.caller(made(issuer, "new", jti=str(n))) for n in range(9)))
        assert issuer.asked[KEYS] == 2
        issuer.publishes("new")
        clock.now += 301
        await verifier.caller(made(issuer, "new", jti="a"))
        with pytest.raises(InvalidTokenError):
            await verifier.caller(made(issuer, "old", jti="b"))


async def test_a_flood_of_invented_names_does_not_use_up_the_scheduled_fetch() -> None:
    async with issuing("old") as issuer:
        clock = Clock()
        keys = RotatingKeys(fetch_discovered(issuer.address), clock)
        assert await keys.find("old")
        clock.now += 299
        for number in range(10_000):
            await keys.find(f"invented-{number}")
        assert issuer.asked[KEYS] == 2
        issuer.answers[KEYS] = Answer(b"", "500 Internal Server Error")
        clock.now += 301
        await keys.find("invented")  # the scheduled one, which fails, and the one for the name
        issuer.publishes("new")
        clock.now += 59
        await keys.find("invented")
        assert await keys.find("new") is None
        clock.now += 1
        for number in range(100):
            await keys.find(f"invented-{number}")
        assert await keys.find("new")
        assert await keys.find("old") is None


async def test_invented_names_just_before_keys_grow_old_delay_no_withdrawal() -> None:
    async with issuing("old") as issuer:
        clock = Clock()
        keys = RotatingKeys(fetch_discovered(issuer.address), clock)
        issuer.answers[KEYS], known = Answer(b"<html>"), issuer.answers[KEYS]
        with pytest.raises(ProblemError):
            await keys.find("invented")
        issuer.answers[KEYS] = known
        clock.now += 60
        assert await keys.find("old")
        clock.now += 290
        issuer.answers[KEYS] = Answer(b"<html>")
        await keys.find("invented")  # used up, and in vain
        issuer.publishes("new")
        clock.now += 11
        assert await keys.find("old") is None


BAD = {
    "500": Answer(b"oops", "500 Internal Server Error"),
    "HTML": Answer(b"<html>Sign in</html>", headers={"content-type": "text/html"}),
    "huge": Answer(b'{"keys": [' + b" " * 400_000 + b"]}"),
    "no key": Answer(b'{"keys": []}'),
    "a redirect to this machine": Answer(b"", "302 Found", {"location": "http://127.0.0.1:1/keys"}),
    "not found": Answer(b"{}", "404 Not Found"),
}


@pytest.mark.parametrize("path", [CONFIGURATION, KEYS])
@pytest.mark.parametrize("bad", BAD)
async def test_an_issuer_in_trouble_opens_nothing_and_known_keys_last_a_day(
    bad: str, path: str
) -> None:
    async with issuing("old") as issuer:
        clock, good = Clock(), dict(issuer.answers)
        verifier = house(issuer, clock, longest_seconds=200_000)
        issuer.answers[path] = BAD[bad]
        with pytest.raises(ProblemError) as caught:
            await verifier.caller(made(issuer))
        assert caught.value.problem.type == UNAVAILABLE
        issuer.answers = good
        clock.now += 60
        await verifier.caller(made(issuer))
        issuer.answers = {**good, path: BAD[bad]}
        clock.now += 86_000
        await verifier.caller(made(issuer, exp=NOW + 100_000))
        clock.now += 401
        with pytest.raises(ProblemError):
            await verifier.caller(made(issuer, exp=NOW + 100_000, jti="2"))


async def test_an_issuer_that_is_down_is_unavailable_not_open() -> None:
    async with issuing("old") as issuer:
        pass
    with pytest.raises(ProblemError):
        await house(issuer, Clock()).caller(made(issuer))


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://keys.example/jwks"},
        {"jwks_uri": "https://user:secret@keys.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": ["https://keys.example"]},
    ],
)
async def test_metadata_of_another_issuer_or_with_an_unsafe_address_is_not_followed(
    changes: dict[str, Any],
) -> None:
    async with issuing("old") as issuer:
        issuer.says(**changes)
        with pytest.raises(ContractBrokenError):
            await fetch_discovered(issuer.address)()
        assert issuer.asked == {CONFIGURATION: 1}


async def test_a_slash_at_the_end_belongs_to_the_name_and_not_to_the_address() -> None:
    async with issuing("old") as issuer:
        issuer.says(issuer=f"{issuer.address}/")
        assert b"old" in await fetch_discovered(f"{issuer.address}/")()
        with pytest.raises(ConnectorError):
            await fetch_discovered(issuer.address)()


ENTRA = ClaimNames("extension_controller", "azp", "scp", "uti")
OF_ENTRA = {"azp": "crm", "uti": "x", "extension_controller": "libervoice"}


@pytest.mark.parametrize("scopes", ["requests:read openid", ["requests:read", "openid"]])
async def test_an_issuer_may_call_things_by_other_names(scopes: object) -> None:
    async with issuing("old") as issuer:
        verifier = house(issuer, Clock(), claims=ENTRA)
        claims = {"scope": "admin", "controller": "other", "client_id": "other", **OF_ENTRA}
        found = await verifier.caller(made(issuer, scp=scopes, **claims))
        assert (found.client_id, found.controller) == ("crm", "libervoice")
        assert found.scopes == {"requests:read"}


async def test_a_client_may_be_given_its_controller_here() -> None:
    async with issuing("old") as issuer:
        verifier = house(issuer, Clock(), controller_of_client={"crm": "libervoice"})
        bare = token({"iss": issuer.address}, {"kid": "old"}, without="controller")
        assert (await verifier.caller(bare)).controller == "libervoice"
        unknown = token(
            {"iss": issuer.address, "client_id": "x"}, {"kid": "old"}, without="controller"
        )
        for forged in (unknown, made(issuer, controller="mister-voip")):
            with pytest.raises(InvalidTokenError):
                await verifier.caller(forged)


PLAIN = {"typ": "JWT", "kid": "old"}


async def test_a_plain_jwt_is_believed_only_where_that_is_set() -> None:
    async with issuing("old") as issuer:
        plain = token({"iss": issuer.address}, PLAIN)
        with pytest.raises(InvalidTokenError):
            await house(issuer, Clock()).caller(plain)
        await house(issuer, Clock(), plain_jwt=True).caller(plain)


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"nonce": "n"}, PLAIN),
        ({"at_hash": "h"}, PLAIN),
        ({"typ": "ID"}, PLAIN),
        ({"typ": "Refresh"}, PLAIN),
        ({}, {"typ": "logout+jwt", "kid": "old"}),
        ({}, {"typ": None, "kid": "old"}),
    ],
)
async def test_even_then_an_id_token_is_none(
    claims: dict[str, Any], header: dict[str, Any]
) -> None:
    async with issuing("old") as issuer:
        verifier = house(issuer, Clock(), plain_jwt=True)
        with pytest.raises(InvalidTokenError):
            await verifier.caller(token({"iss": issuer.address, **claims}, header))
