"""Only tokens that the issuer made for us are believed, in one spelling, for as long as they last."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Annotated, Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from avgate_contracts.errors import UnavailableError
from avgate_gateway import problem
from avgate_gateway.authentication import (
    MEANINGS,
    Caller,
    FixedKeys,
    KeyFileError,
    RotatingKeys,
    Scope,
    SigningKey,
    TokenPolicy,
    Verifier,
    install,
    mint,
    open_signing_key,
    read_key_file,
    requires,
)
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.compact import taken_apart
from avgate_gateway.authentication.trusted_key import KeySetError, trusted_keys
from avgate_gateway.guard import Guard
from avgate_gateway.problem import ProblemError

NOW = 1_800_000_000
MARKER = "jan.jansen@example.org"
POLICY = TokenPolicy("https://issuer.test", "avgate", frozenset({"libervoice", "mister-voip"}))
CLAIMS: Mapping[str, Any] = {
    "iss": "https://issuer.test",
    "aud": "avgate",
    "sub": "agent-7",
    "client_id": "crm",
    "controller": "libervoice",
    "scope": "requests:read requests:erase",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "1",
}


class Clock:
    """A clock that a test sets by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def signing_key(kid: str) -> SigningKey:
    return SigningKey(kid, OKPKey.generate_key("Ed25519"))


OURS = signing_key("ours")
THEIRS = signing_key("ours")  # another key under the same name


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: str, payload: str, key: SigningKey = OURS) -> str:
    """A token over exactly this header and payload, whatever they say."""
    text = f"{encoded(header.encode())}.{encoded(payload.encode())}"
    private: Any = key.key.private_key
    return f"{text}.{encoded(private.sign(text.encode()))}"


def token(
    claims: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    key: SigningKey = OURS,
    *,
    without: str | None = None,
) -> str:
    """A good token, changed in what is given; None takes a member away."""
    merged = {**CLAIMS, **(claims or {})}
    merged.pop(without or "", None)
    headers = {"alg": "Ed25519", "typ": "at+jwt", "kid": "ours", **(header or {})}
    kept = {name: value for name, value in headers.items() if value is not None}
    return signed(json.dumps(kept), json.dumps(merged), key)


def verifier(clock: Clock | None = None, policy: TokenPolicy = POLICY) -> Verifier:
    return Verifier(policy, FixedKeys([OURS.public()]), clock or Clock())


RSA = RSAKey.generate_key(2048)


def hs256_with_the_public_key() -> str:
    """The classic confusion: the RSA public key, taken for a shared secret."""
    header = encoded(b'{"alg":"HS256","typ":"at+jwt","kid":"rsa"}')
    text = f"{header}.{encoded(json.dumps(CLAIMS).encode())}"
    pem = RSA.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"{text}.{encoded(hmac.new(pem, text.encode(), hashlib.sha256).digest())}"


def rsa_signed(algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "rsa"}
    return jwt.encode(header, dict(CLAIMS), RSA, algorithms=[algorithm])


def changed_payload() -> str:
    head, _, signature = token().split(".")
    payload = encoded(json.dumps({**CLAIMS, "controller": "mister-voip"}).encode())
    return f"{head}.{payload}.{signature}"


def stray_bits() -> str:
    """The last of 86 characters carries two bits of the 64 bytes; the other four may be anything."""
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + alphabet[alphabet.index(good[-1]) + 1]


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


# Keys


def public(key: Any, kid: str | None, **changes: Any) -> dict[str, Any]:
    members = {**key.as_dict(private=False), "kid": kid, **changes}
    return {name: value for name, value in members.items() if value is not None}


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


EC = ECKey.generate_key("P-256")


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
    bad: Any, caplog: pytest.LogCaptureFixture
) -> None:
    keys = trusted_keys(key_set(public(EC, "good"), bad))
    assert list(keys) == ["good"]
    assert keys["good"].algorithms == {"ES256"}
    assert "key.ignored position=1" in caplog.text


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
    """An issuer's key set, counted, that can fail."""

    def __init__(self, *kids: str) -> None:
        self.kids = kids
        self.fetches = 0
        self.is_down = False

    async def __call__(self) -> bytes:
        self.fetches += 1
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
    caplog: pytest.LogCaptureFixture,
) -> None:
    issuer, clock = Issuer("old"), Clock()
    keys = RotatingKeys(issuer, clock)
    await keys.find("old")
    issuer.is_down = True
    clock.now += 86_400
    assert await keys.find("old")
    assert "keys.not_renewed error=UnavailableError" in caplog.text
    clock.now += 61
    with pytest.raises(ProblemError) as caught:
        await keys.find("old")
    assert caught.value.problem.type == problem.UNAVAILABLE
    issuer.is_down = False
    clock.now += 61
    assert await keys.find("old")


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


# Remembering


class Counted(FixedKeys):
    """Keys that count how often they are asked."""

    asked = 0

    async def find(self, kid: str) -> Any:
        self.asked += 1
        return await super().find(kid)


async def test_a_verified_token_is_remembered_for_a_minute_and_no_longer() -> None:
    keys, clock, good = Counted([OURS.public()]), Clock(), token()
    remembering = Verifier(POLICY, keys, clock)
    for _ in range(3):
        await remembering.caller(good)
    assert keys.asked == 1
    clock.now += 60
    await remembering.caller(good)
    assert keys.asked == 2


async def test_a_remembered_token_still_expires() -> None:
    clock, good = Clock(), token({"exp": NOW + 10})
    remembering = verifier(clock)
    await remembering.caller(good)
    clock.now += 71
    with pytest.raises(InvalidTokenError):
        await remembering.caller(good)


async def test_a_token_of_which_one_bit_differs_is_not_remembered() -> None:
    remembering, good = verifier(), token()
    await remembering.caller(good)
    with pytest.raises(InvalidTokenError):
        await remembering.caller(good[:-3] + ("A" if good[-3] != "A" else "B") + good[-2:])


async def test_forgets_the_oldest_token_when_it_remembers_enough() -> None:
    keys = Counted([OURS.public()])
    remembering = Verifier(POLICY, keys, Clock(), most_remembered=2)
    first, second, third = (token({"jti": str(number)}) for number in range(3))
    for good in (first, second, third, third, second):
        await remembering.caller(good)
    assert keys.asked == 3
    await remembering.caller(first)
    assert keys.asked == 4


# The gateway's own key


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "token.jwk"
    first, second = open_signing_key(path), open_signing_key(path)
    assert first.kid == second.kid
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["token.jwk"]


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def start(path: Path) -> str:
        barrier.wait()
        return open_signing_key(path).kid

    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            kids = set(pool.map(start, [tmp_path / f"{number}.jwk"] * 8))
        assert len(kids) == 1
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        json.dumps(EC.as_dict(private=True)).encode(),
        json.dumps(OURS.key.as_dict(private=False)).encode(),
        json.dumps({**OKPKey.generate_key("X25519").as_dict(private=True), "kid": "x"}).encode(),
    ],
)
def test_a_file_that_holds_no_such_key_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token.jwk"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="move it away"):
        open_signing_key(path)
    assert path.read_bytes() == content


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "token.jwk"
    open_signing_key(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        open_signing_key(path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        open_signing_key(tmp_path / "nowhere" / "token.jwk")


def test_a_key_shows_nothing_of_itself() -> None:
    secret = OURS.key.as_dict(private=True)["d"]
    assert isinstance(secret, str)
    assert secret not in repr(OURS)
    assert secret not in repr(OURS.public())
    assert not OURS.public().key.is_private


async def test_a_minted_token_is_believed(tmp_path: Path) -> None:
    key = open_signing_key(tmp_path / "token.jwk")
    made = mint(
        key,
        issuer=POLICY.issuer,
        audience=POLICY.audience,
        controller="mister-voip",
        client="portal",
        scopes=[Scope.READ, Scope.APPROVE],
        lifetime=900.0,
        now=NOW + 0.9,
        subject="agent-1",
    )
    caller = await Verifier(POLICY, FixedKeys([key.public()]), Clock()).caller(made)
    scopes = frozenset({"requests:read", "requests:approve"})
    assert caller == Caller("portal", "mister-voip", scopes, "agent-1")


# Routes


def application() -> FastAPI:
    app = FastAPI()
    problem.install(app)
    install(app, verifier())

    @app.get("/read")
    async def read(caller: Annotated[Caller, requires(Scope.READ)]) -> str:
        return caller.controller

    @app.get("/any")
    async def any_(caller: Annotated[Caller, requires()]) -> str:
        return caller.subject

    @app.get("/both")
    async def both(caller: Annotated[Caller, requires(Scope.READ, Scope.ADMIN)]) -> str:
        return caller.client_id

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Guard(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def test_a_route_learns_who_calls(client: httpx.AsyncClient) -> None:
    assert (await client.get("/read", headers=bearer(token()))).json() == "libervoice"
    assert (await client.get("/any", headers={"Authorization": f"bearer {token()}"})).is_success


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"X-Token": "x"}]
)
async def test_without_credentials_the_challenge_is_bare(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.get("/read", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["type"] == problem.CREDENTIALS_REQUIRED.uri


@pytest.mark.parametrize("forged", ["x", "a.b.c", token(key=THEIRS), token({"aud": MARKER})])
async def test_a_bad_token_is_told_why_without_being_shown(
    client: httpx.AsyncClient, forged: str
) -> None:
    response = await client.get("/read", headers=bearer(forged))
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')
    assert response.json()["type"] == problem.INVALID_TOKEN.uri
    assert MARKER not in response.text + str(response.headers)


async def test_a_missing_scope_is_named(client: httpx.AsyncClient) -> None:
    response = await client.get("/both", headers=bearer(token()))
    assert response.status_code == 403
    assert (
        response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="admin"'
    )
    assert response.json()["scope"] == "admin"


@pytest.mark.parametrize("held", [*Scope, None])
async def test_only_the_declared_scope_opens_a_route(
    client: httpx.AsyncClient, held: Scope | None
) -> None:
    response = await client.get("/read", headers=bearer(token({"scope": held or ""})))
    assert response.status_code == (200 if held is Scope.READ else 403)


async def test_a_token_in_the_address_is_no_credential(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/read?access_token={token()}")).status_code == 400
    assert (await client.get(f"/read?token={token()}")).status_code == 401


async def test_the_routes_themselves_refuse_two_tokens() -> None:
    transport = httpx.ASGITransport(application())
    twice = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")]
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/read", headers=twice)).status_code == 400


async def test_the_description_declares_what_each_route_needs(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert described["paths"]["/read"]["get"]["security"] == [{"bearer": ["requests:read"]}]
    assert described["paths"]["/both"]["get"]["security"] == [
        {"bearer": ["requests:read", "admin"]}
    ]
    assert described["components"]["securitySchemes"]["bearer"]["bearerFormat"] == "JWT"


def test_every_scope_has_a_sentence() -> None:
    assert set(MEANINGS) == set(Scope)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
