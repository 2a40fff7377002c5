"""Credentials that are given, and log-ins of an upstream's own kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from avgate_contracts import (
    ApiKey,
    Basic,
    Bearer,
    ClientCredentials,
    Exchange,
    MisconfiguredError,
    Session,
    Token,
)

TOKEN_URL = "https://upstream.example/oauth/token"
CLIENT = ClientCredentials(TOKEN_URL, "client id", SecretStr("s:ecret/+"), "read write")
TURNS = Callable[..., Any]


@pytest.mark.parametrize(
    ("credentials", "name", "value"),
    [
        (Bearer(SecretStr("abc")), "authorization", "Bearer abc"),
        (Basic("jan", SecretStr("Zoë:1")), "authorization", "Basic amFuOlpvw6s6MQ=="),
        (ApiKey("X-Api-Key", SecretStr("abc")), "x-api-key", "abc"),
    ],
)
async def test_fixed_credentials_go_into_their_header(
    clients: Any, turns: TURNS, credentials: Any, name: str, value: str
) -> None:
    handler = turns(httpx.Response(200), httpx.Response(200))
    client = clients.over(handler, credentials=credentials)
    await client.send("GET", "/x")
    await client.send("GET", "/x", authenticated=False)
    assert handler.asked[0].headers[name] == value
    assert name not in handler.asked[1].headers


@pytest.mark.parametrize(
    "credentials",
    [Bearer(SecretStr("abc\n")), ApiKey("X Key", SecretStr("a")), Bearer(SecretStr("é"))],
)
async def test_a_secret_that_cannot_be_sent_is_found_at_once_and_not_shown(
    clients: Any, turns: TURNS, credentials: Any
) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        clients.over(turns(), credentials=credentials)
    assert "abc" not in str(caught.value)


@dataclass
class LogIn:
    """A log-in of an upstream's own kind, whose tokens can be renewed."""

    clock: Any
    previous: list[Token | None] = field(default_factory=list)

    async def obtain(self, exchange: Exchange, previous: Token | None) -> Token:
        self.previous.append(previous)
        path = "/me/renew" if previous else "/me/login"
        extra: Mapping[str, str] = {"X-Old": previous.value} if previous else {}
        answer = await exchange(path, {"userName": "u"}, headers=extra)
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise MisconfiguredError("log-in refused; check user name and password")
        end = self.clock.now() + timedelta(minutes=10)
        return Token(str(answer.body["authentication"]), end, "again")


async def test_a_session_logs_in_once_and_renews_after_a_401(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    log_in = LogIn(clock)
    handler = turns(
        httpx.Response(200, json={"authentication": "a1"}),
        httpx.Response(401),
        httpx.Response(200, json={"authentication": "a2"}),
        httpx.Response(200),
    )
    client = clients.over(handler, credentials=Session("xelion", log_in.obtain))
    await client.send("GET", "/x")
    paths = [request.url.path.removeprefix("/api/v1") for request in handler.asked]
    assert paths == ["/me/login", "/x", "/me/renew", "/x"]
    assert "authorization" not in handler.asked[0].headers
    assert handler.asked[2].headers["x-old"] == "a1"
    assert handler.asked[3].headers["authorization"] == "xelion a2"
    assert log_in.previous[0] is None
    assert log_in.previous[1] is not None
    assert log_in.previous[1].renewal == "again"


async def test_what_an_upstream_says_to_a_log_in_reaches_the_connector(
    clients: Any, turns: TURNS
) -> None:
    answers: list[Any] = []

    async def obtain(exchange: Exchange, _: Token | None) -> Token:
        for _turn in range(2):
            answer = await exchange("/me/login", "bare")
            answers.append((answer.status, answer.body))
        return Token("t")

    handler = turns(
        httpx.Response(401, json={"errorCode": 10005}),
        httpx.Response(403, html="<html>"),
        httpx.Response(200),
    )
    await clients.over(handler, credentials=Session("x", obtain)).send("GET", "/x")
    assert answers == [(401, {"errorCode": 10005}), (403, None)]
    assert handler.asked[0].content == b'"bare"'


async def test_a_log_in_keeps_to_the_allowed_hosts(clients: Any, turns: TURNS) -> None:
    async def obtain(exchange: Exchange, _: Token | None) -> Token:
        await exchange("https://evil.example/login", {})
        raise AssertionError

    handler = turns()
    client = clients.over(handler, credentials=Session("x", obtain))
    with pytest.raises(MisconfiguredError):
        await client.send("GET", "/x")
    assert handler.asked == []
