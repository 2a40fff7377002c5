"""A marker in every place that could hold a person, and no log or error that shows it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from avgate_contracts import (
    Bearer,
    ClientCredentials,
    ConnectorError,
    Exchange,
    InvalidIdentifierError,
    Limits,
    Session,
    Token,
)

MARK = "M4RK3R"
TURNS = Callable[..., Any]
CALL: dict[str, Any] = {
    "ids": {"id": MARK},
    "params": {"q": MARK},
    "json": {"name": MARK},
    "headers": {"X-Person": MARK},
    "key": MARK,
}
SAID = {"X-Said": MARK, "Location": f"https://upstream.example/{MARK}", "Content-Type": MARK}


class Shape(BaseModel):
    name: int


def everything(error: BaseException | None) -> str:
    """All that a log could print of an error, its causes and its notes."""
    shown: list[str] = []
    while error is not None:
        shown += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(shown)


ENDS: list[httpx.Response | Exception] = [
    *(
        httpx.Response(s, headers=SAID, json={"m": MARK})
        for s in (302, 400, 401, 404, 409, 429, 503)
    ),
    httpx.Response(200, headers=SAID, content=MARK.encode() * 100),
    httpx.Response(200, headers={**SAID, "Content-Encoding": MARK}, content=b"x"),
    httpx.ReadError(MARK),
    httpx.ConnectError(MARK),
    httpx.RemoteProtocolError(f"illegal header line: {MARK}"),
    httpx.LocalProtocolError(f"Illegal header value {MARK}"),
]


@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_error_and_no_log_shows_what_a_call_was_about(
    clients: Any, turns: TURNS, caplog: pytest.LogCaptureFixture, end: Any, method: str
) -> None:
    caplog.set_level(logging.DEBUG)
    client = clients.over(
        turns(*[end] * 3),
        limits=Limits(max_response_bytes=300),
        credentials=Bearer(SecretStr(MARK)),
    )
    with pytest.raises(ConnectorError) as caught:
        await client.send(method, "/people/{id}", **CALL)
    assert MARK not in everything(caught.value)
    assert all(MARK not in repr(vars(record)) for record in caplog.records)
    [*_, told] = [vars(record) for record in caplog.records]
    assert (told["msg"], told["method"]) == ("upstream.called", method)
    assert told["path"] == "/people/{id}"


@pytest.mark.parametrize("part", ["ids", "params", "json", "headers", "key"])
async def test_no_refusal_before_the_wire_repeats_the_value(
    clients: Any, turns: TURNS, part: str
) -> None:
    broken = f"{MARK}\ud800\n"
    bad: Any = broken if part == "key" else {"id": broken}
    client = clients.over(turns())
    with pytest.raises(InvalidIdentifierError) as caught:
        await client.send("POST", "/people/{id}", **{**CALL, part: bad})
    assert MARK not in everything(caught.value)


NOT_CALLED: dict[str, tuple[str, dict[str, str]]] = {
    "another host": (f"https://elsewhere.example/{MARK}?q={MARK}", {}),
    "no plain address": (f"https://{MARK}@upstream.example/x", {}),
    "an id that changes the path": ("/people/{id}", {"id": f"{MARK}/../{MARK}\ud800"}),
}


@pytest.mark.parametrize("path", NOT_CALLED.values(), ids=NOT_CALLED)
@pytest.mark.parametrize("way", ["send", "stream"])
async def test_a_call_that_is_refused_before_the_wire_is_one_line_and_names_nobody(
    clients: Any, turns: TURNS, caplog: pytest.LogCaptureFixture, path: Any, way: str
) -> None:
    caplog.set_level(logging.DEBUG)
    address, ids = path
    client = clients.over(turns())
    with pytest.raises(ConnectorError) as caught:
        await (client.send if way == "send" else _opened(client))("GET", address, ids=ids)
    [told] = [vars(one) for one in caplog.records if one.name == "avgate.http"]
    assert (told["msg"], told["method"]) == ("upstream.not_called", "GET")
    assert told["path"] == (address if ids else "(absolute)")
    assert told["reason"] == str(caught.value)
    assert MARK not in repr(told)


def _opened(client: Any) -> Any:
    async def opened(*where: Any, **more: Any) -> None:
        async with client.stream(*where, **more):
            pass

    return opened


async def test_no_difference_of_shape_shows_a_value(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(200, headers=SAID, json={"name": MARK}))
    response = await clients.over(handler).send("GET", "/people/{id}", **CALL)
    with pytest.raises(ConnectorError) as caught:
        response.parse(Shape)
    assert MARK not in everything(caught.value)
    assert MARK not in repr(response)


async def test_an_absolute_address_stays_out_of_the_log(
    clients: Any, turns: TURNS, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    handler = turns(httpx.Response(200))
    await clients.over(handler).send("GET", f"https://upstream.example/{MARK}?q={MARK}")
    [told] = [vars(one) for one in caplog.records if one.name == "avgate.http"]
    assert (told["path"], told["status"], told["attempt"]) == ("(absolute)", 200, 1)
    assert all(MARK not in repr(vars(record)) for record in caplog.records)


async def test_no_secret_and_no_token_shows_when_a_log_in_fails(
    clients: Any, turns: TURNS, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def obtain(exchange: Exchange, _: Token | None) -> Token:
        answer = await exchange("/login", {"password": MARK}, headers={"X-Old": MARK})
        assert MARK not in repr(answer)
        return Token(f"{MARK}\n")

    by_client = ClientCredentials("https://upstream.example/token", MARK, SecretStr(MARK), MARK)
    for credentials in (Session("x", obtain), by_client):
        said = {"access_token": f"{MARK}\n", "token_type": "bearer"}
        client = clients.over(turns(httpx.Response(200, json=said)), credentials=credentials)
        with pytest.raises(ConnectorError) as caught:
            await client.send("GET", "/x")
        assert MARK not in everything(caught.value)
    assert all(MARK not in repr(vars(record)) for record in caplog.records)


async def test_the_librarys_own_loggers_are_kept_quiet(
    clients: Any, upstream: Any, scripts: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    logging.getLogger("httpcore").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    upstream.scripts = [scripts.answers(b"{}")]
    client = clients.over(None, base_url=upstream.base_url)
    await client.send("GET", "/people/{id}", ids={"id": MARK})
    assert {r.name for r in caplog.records if r.name != "asyncio"} == {"avgate.http"}
    assert all(MARK not in repr(vars(record)) for record in caplog.records)
