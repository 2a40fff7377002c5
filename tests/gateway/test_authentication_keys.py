"""Which keys are believed, and for how long."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from avgate_contracts.errors import UnavailableError
from avgate_gateway import problem
from avgate_gateway.authentication import (
    FixedKeys,
    RotatingKeys,
    Verifier,
    read_key_file,
)
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.trusted_key import KeySetError, trusted_keys
from avgate_gateway.problem import ProblemError

from .tokens import (
    CLAIMS,
    EC,
    OURS,
    POLICY,
    RSA,
    Clock,
    encoded,
    key_set,
    public,
    rsa_signed,
)


@pytest.mark.parametrize(
    ("key", "algorithm", "named"),
    [
        (OURS.key, "Ed25519", None),
        (OURS.key, "Ed25519", "EdDSA"),
        (EC, "ES256", None),
        (RSA, "RS256", None),
        (RSA, "PS256", "PS256"),
    ],
)
async def test_believes_every_algorithm_that_is_allowed(
    key: Any, algorithm: str, named: str | None
) -> None:
    keys = trusted_keys(key_set(public(key, "k", alg=named, use="sig")))
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "k"}
    made = jwt.encode(header, dict(CLAIMS), key, algorithms=[algorithm])
    caller = await Verifier(POLICY, FixedKeys(keys.values()), Clock()).caller(made)
    assert caller.client_id == "crm"


async def test_a_key_that_names_its_algorithm_is_good_for_no_other() -> None:
    keys = trusted_keys(key_set(public(RSA, "rsa", alg="PS256")))
    with pytest.raises(InvalidTokenError):
        await Verifier(POLICY, FixedKeys(keys.values()), Clock()).caller(rsa_signed("RS256"))


UNUSABLE: dict[str, Any] = {
    "J34 private": {**OURS.key.as_dict(private=True), "kid": "bad"},
    "J34 RSA of 1024 bits": {"kty": "RSA", "kid": "bad", "e": "AQAB", "n": encoded(b"\xff" * 128)},
    "J34 RSA of 1024 bits behind zeros": {
        "kty": "RSA",
        "kid": "bad",
        "e": "AQAB",
        "n": encoded(bytes(128) + b"\xff" * 128),
    },
    "RSA without a modulus": {"kty": "RSA", "kid": "bad", "e": "AQAB"},
    "J34 for encryption": public(OURS.key, "bad", use="enc"),
    "J34 a shared secret": {**OctKey.generate_key(256).as_dict(private=True), "kid": "bad"},
    "another curve": public(ECKey.generate_key("P-384"), "bad"),
    "a key to agree on keys with": public(OKPKey.generate_key("X25519"), "bad"),
    "an algorithm that is not accepted": public(RSA, "bad", alg="RS512"),
    "without kid": public(OURS.key, None),
    "an unknown kind": {"kty": "ML-DSA", "kid": "bad"},
    "no object": "key",
    "half a key": {"kty": "OKP", "crv": "Ed25519", "kid": "bad"},
    "a second key of the same name": public(OKPKey.generate_key("Ed25519"), "good"),
}


@pytest.mark.parametrize("bad", UNUSABLE.values(), ids=UNUSABLE)
def test_leaves_out_a_key_that_must_not_be_trusted_and_says_so(
    bad: Any, lines: pytest.LogCaptureFixture
) -> None:
    keys = trusted_keys(key_set(public(EC, "good"), bad))
    assert list(keys) == ["good"]
    assert keys["good"].algorithms == {"ES256"}
    assert '"event":"key.ignored"' in lines.text
    assert '"position":1' in lines.text


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        key_set(public(EC, "k")) + b" " * 70_000,
        b"\xff",
    ],
)
def test_what_is_no_key_set_is_refused_whole(document: bytes) -> None:
    with pytest.raises(KeySetError):
        trusted_keys(document)


class Issuer:
    """An issuer's key set, counted, that can fail, or be silent."""

    def __init__(self, *kids: str) -> None:
        self.kids = kids
        self.fetches = 0
        self.is_down = False
        self.asked, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def __call__(self) -> bytes:
        self.fetches += 1
        self.asked.set()
        await self.answers.wait()
        if self.is_down:
            raise UnavailableError("down")
        await asyncio.sleep(0)
        return key_set(*(public(OURS.key, kid) for kid in self.kids))


async def test_a_new_key_is_fetched_when_a_token_names_it() -> None:
    issuer, clock = Issuer("old"), Clock()
    keys = RotatingKeys(issuer, clock)
    assert await keys.find("old")
    issuer.kids = ("old", "new")
    assert await keys.find("new") is None
    clock.now += 61
    assert await keys.find("new")
    assert issuer.fetches == 2


async def test_a_flood_of_unknown_names_fetches_once_a_minute() -> None:
    issuer, clock = Issuer("old"), Clock()
    keys = RotatingKeys(issuer, clock)
    await asyncio.gather(*(keys.find(f"invented-{number}") for number in range(1_000)))
    assert issuer.fetches == 1
    clock.now += 61
    await asyncio.gather(*(keys.find(f"invented-{number}") for number in range(1_000)))
    assert issuer.fetches == 2


async def test_a_withdrawn_key_is_refused_within_minutes() -> None:
    issuer, clock = Issuer("old", "new"), Clock()
    keys = RotatingKeys(issuer, clock)
    assert await keys.find("old")
    issuer.kids = ("new",)
    clock.now += 301
    assert await keys.find("old") is None


async def test_keys_outlive_their_issuer_for_a_day_and_then_nothing_is_believed(
    lines: pytest.LogCaptureFixture,
) -> None:
    issuer, clock = Issuer("old"), Clock()
    keys = RotatingKeys(issuer, clock)
    await keys.find("old")
    issuer.is_down = True
    clock.now += 86_400
    assert await keys.find("old")
    assert '"event":"keys.not_renewed"' in lines.text
    assert '"error":"UnavailableError"' in lines.text
    clock.now += 61
    with pytest.raises(ProblemError) as caught:
        await keys.find("old")
    assert caught.value.problem.type == problem.UNAVAILABLE
    issuer.is_down = False
    clock.now += 61
    assert await keys.find("old")


async def test_an_issuer_that_takes_connections_and_is_silent_holds_up_one_call_a_minute() -> None:
    issuer, clock = Issuer("old"), Clock()
    keys = RotatingKeys(issuer, clock)
    await keys.find("old")
    issuer.is_down = True
    clock.now += 301
    assert await keys.find("old")
    clock.now += 61
    issuer.asked.clear()
    issuer.answers.clear()
    first = asyncio.create_task(keys.find("old"))
    await issuer.asked.wait()
    others = [keys.find("old") for _ in range(100)]
    assert all(await asyncio.wait_for(asyncio.gather(*others), 10))
    assert not first.done()
    issuer.is_down = False
    issuer.answers.set()
    assert await first
    issuer.kids = ("new",)
    clock.now += 301
    issuer.asked.clear()
    issuer.answers.clear()
    both = [asyncio.create_task(keys.find("old")) for _ in range(2)]
    await issuer.asked.wait()
    issuer.answers.set()
    assert await asyncio.gather(*both) == [None, None], "one that answers is waited for"


async def test_without_any_keys_the_gateway_is_unavailable_not_open() -> None:
    issuer = Issuer()
    with pytest.raises(ProblemError) as caught:
        await RotatingKeys(issuer, Clock()).find("any")
    assert caught.value.problem.type == problem.UNAVAILABLE


async def test_a_key_file_is_read_again_after_it_was_replaced(tmp_path: Path) -> None:
    path, clock = tmp_path / "jwks.json", Clock()
    path.write_bytes(key_set(public(OURS.key, "old")))
    keys = RotatingKeys(read_key_file(path), clock)
    assert await keys.find("old")
    path.write_bytes(key_set(public(OURS.key, "new")))
    clock.now += 61
    assert await keys.find("new")
    path.unlink()
    clock.now += 301
    assert await keys.find("new")
