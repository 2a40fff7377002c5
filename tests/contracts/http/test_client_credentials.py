"""Tokens that are fetched: how few of them, and what happens when one is refused."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from avgate_contracts import (
    ClientCredentials,
    ContractBrokenError,
    Limits,
    MisconfiguredError,
    UnavailableError,
)

TOKEN_URL = "https://upstream.example/oauth/token"
CLIENT = ClientCredentials(TOKEN_URL, "client id", SecretStr("s:ecret/+"), "read write")
TURNS = Callable[..., Any]


@dataclass
class Guarded:
    """An upstream that gives out numbered tokens and takes only those that are not revoked."""

    life: int | None = 3600
    fetched: int = 0
    revoked: set[str] = field(default_factory=set)
    forms: list[httpx.Request] = field(default_factory=list)
    troubles: list[httpx.Response | Exception] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.path == "/oauth/token":
            return self._token(request)
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.seen.append(token)
        await asyncio.sleep(0)
        return httpx.Response(401 if token in self.revoked else 200, json={"token": token})

    def _token(self, request: httpx.Request) -> httpx.Response:
        self.forms.append(request)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        self.fetched += 1
        answer: dict[str, Any] = {"access_token": f"t{self.fetched}", "token_type": "bearer"}
        return httpx.Response(
            200, json=answer if self.life is None else {**answer, "expires_in": self.life}
        )


async def test_client_credentials_are_asked_for_as_the_standard_says(clients: Any) -> None:
    upstream = Guarded()
    await clients.over(upstream, credentials=CLIENT).send("GET", "/x")
    asked = upstream.forms[0]
    assert asked.content == b"grant_type=client_credentials&scope=read+write"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    proof = b64encode(b"client+id:s%3Aecret%2F%2B").decode()
    assert asked.headers["authorization"] == f"Basic {proof}"


async def test_fifty_cold_callers_fetch_one_token(clients: Any) -> None:
    upstream = Guarded()
    client = clients.over(upstream, credentials=CLIENT)
    await asyncio.gather(*(client.send("GET", "/x") for _ in range(50)))
    assert upstream.fetched == 1
    assert upstream.seen == ["t1"] * 50


@pytest.mark.parametrize("concurrency", [4, 50])
async def test_fifty_refused_callers_fetch_one_more_token(clients: Any, concurrency: int) -> None:
    upstream = Guarded()
    client = clients.over(upstream, credentials=CLIENT, limits=Limits(concurrency=concurrency))
    await client.send("GET", "/x")
    upstream.revoked.add("t1")
    responses = await asyncio.gather(*(client.send("GET", "/x") for _ in range(50)))
    assert upstream.fetched == 2
    assert {response.json()["token"] for response in responses} == {"t2"}


async def test_a_token_is_fetched_while_a_stream_keeps_the_last_place(
    clients: Any, clock: Any
) -> None:
    upstream = Guarded()
    client = clients.over(upstream, credentials=CLIENT, limits=Limits(concurrency=1))
    async with client.stream("GET", "/file"):
        clock.seconds += 3600
        waiting = asyncio.create_task(client.send("GET", "/x"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert upstream.fetched == 2
    assert (await waiting).json() == {"token": "t2"}


async def test_a_token_that_runs_out_in_the_queue_is_not_sent(clients: Any, clock: Any) -> None:
    upstream = Guarded()
    client = clients.over(upstream, credentials=CLIENT, limits=Limits(concurrency=1))
    async with client.stream("GET", "/file"):
        waiting = asyncio.create_task(client.send("GET", "/x"))
        for _ in range(20):
            await asyncio.sleep(0)
        clock.seconds += 3600
    await waiting
    assert upstream.seen == ["t1", "t2"]


async def test_a_write_is_sent_again_with_the_new_token(clients: Any) -> None:
    upstream = Guarded(revoked={"t1"})
    response = await clients.over(upstream, credentials=CLIENT).send("POST", "/x", json={})
    assert response.after_unknown is False
    assert upstream.seen == ["t1", "t2"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_that_was_ended_as_soon_as_it_came_is_worth_another_try(
    clients: Any, method: str
) -> None:
    upstream = Guarded(revoked={"t1", "t2"})
    response = await clients.over(upstream, credentials=CLIENT).send(method, "/x")
    assert (response.json(), response.after_unknown) == ({"token": "t3"}, False)
    assert upstream.seen == ["t1", "t2", "t2", "t3"]


async def test_tokens_that_are_never_taken_are_for_an_operator(clients: Any) -> None:
    upstream = Guarded(revoked={f"t{number}" for number in range(20)})
    with pytest.raises(MisconfiguredError):
        await clients.over(upstream, credentials=CLIENT).send("GET", "/x")
    assert upstream.fetched == 4


@pytest.mark.parametrize(("life", "kept", "renewed"), [(3600, 3569, 3571), (10, 8, 10)])
async def test_a_token_is_renewed_a_little_before_its_end(
    clients: Any, clock: Any, life: int, kept: int, renewed: int
) -> None:
    upstream = Guarded(life=life)
    client = clients.over(upstream, credentials=CLIENT)
    await client.send("GET", "/x")
    clock.seconds = kept
    await client.send("GET", "/x")
    assert upstream.fetched == 1
    clock.seconds = renewed
    await client.send("GET", "/x")
    assert upstream.fetched == 2


@pytest.mark.parametrize("life", [None, 0])
async def test_a_token_without_a_useful_end_is_kept_until_a_401(
    clients: Any, clock: Any, life: int | None
) -> None:
    upstream = Guarded(life=life)
    client = clients.over(upstream, credentials=CLIENT)
    await client.send("GET", "/x")
    clock.seconds = 1e6
    await client.send("GET", "/x")
    assert upstream.fetched == 1


async def test_a_token_is_fetched_with_the_same_patience_as_anything(
    clients: Any, clock: Any
) -> None:
    throttled = httpx.Response(429, headers={"retry-after": "2"})
    upstream = Guarded(troubles=[throttled, httpx.ReadError("cut")])
    await clients.over(upstream, credentials=CLIENT).send("POST", "/x")
    assert upstream.fetched == 1
    assert clock.slept[0] == 2.0


@pytest.mark.parametrize("trouble", [httpx.ReadError("x"), httpx.Response(503)])
async def test_a_token_that_cannot_be_fetched_leaves_a_write_undone(
    clients: Any, trouble: Any
) -> None:
    upstream = Guarded(troubles=[trouble] * 3)
    with pytest.raises(UnavailableError):
        await clients.over(upstream, credentials=CLIENT).send("POST", "/x")
    assert upstream.seen == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 501, 505])
async def test_whatever_a_token_is_refused_with_is_for_an_operator(
    clients: Any, status: int
) -> None:
    upstream = Guarded(troubles=[httpx.Response(status, json={})] * 3)
    with pytest.raises(MisconfiguredError):
        await clients.over(upstream, credentials=CLIENT).send("GET", "/x")
    assert len(upstream.forms) == 1


async def test_fifty_callers_share_one_failure_and_the_next_one_starts_anew(clients: Any) -> None:
    upstream = Guarded(troubles=[httpx.Response(400, json={"error": "invalid_client"})])
    client = clients.over(upstream, credentials=CLIENT)
    calls = (client.send("GET", "/x") for _ in range(50))
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(end, MisconfiguredError) for end in ends)
    assert len(upstream.forms) == 1
    assert (await client.send("GET", "/x")).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Log in</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"access_token": "a"}),
        httpx.Response(200, json={"access_token": "a", "token_type": "mac"}),
        httpx.Response(200, json={"access_token": "a\r\nX: 1", "token_type": "bearer"}),
        httpx.Response(200, json={"access_token": "", "token_type": "bearer"}),
        httpx.Response(302, headers={"location": "https://evil.example"}),
    ],
)
async def test_an_answer_without_a_bearer_token_breaks_the_contract(
    clients: Any, answer: httpx.Response
) -> None:
    upstream = Guarded(troubles=[answer] * 3)  # a web page may be gone the next moment
    with pytest.raises(ContractBrokenError):
        await clients.over(upstream, credentials=CLIENT).send("GET", "/x")
    assert upstream.seen == []


async def test_who_gives_up_waiting_does_not_take_the_token_away_from_the_others(
    clients: Any,
) -> None:
    gate, reached = asyncio.Event(), asyncio.Event()
    upstream = Guarded()

    async def slow(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            reached.set()
            await gate.wait()
        return await upstream(request)

    client = clients.over(slow, credentials=CLIENT)
    first = asyncio.create_task(client.send("GET", "/x"))
    await reached.wait()
    second = asyncio.create_task(client.send("GET", "/x"))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert (await second).status == 200
    assert upstream.fetched == 1


async def test_closing_ends_a_fetch_that_is_under_way(clients: Any) -> None:
    reached = asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    client = clients.over(hang, credentials=CLIENT)
    call = asyncio.create_task(client.send("GET", "/x"))
    await reached.wait()
    async with asyncio.timeout(2):
        await client.aclose()
        await asyncio.wait([call])
    assert call.done()
