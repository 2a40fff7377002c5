"""The guard reads a body once, within its size and its time."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from starlette.types import Message

from avgate_gateway import problem
from avgate_gateway.guard import Guard, Limits, PathRule

from .guarded import (
    HOST,
    JSON,
    Echo,
    Headers,
    _scope,
    call,
)


async def test_refuses_a_large_body_that_announces_itself_and_shows_the_app_nothing_of_it() -> None:
    app = Echo()
    answer = await call(Guard(app), headers=[HOST, JSON, (b"content-length", b"65537")])
    assert (answer.status, app.bodies) == (413, [])
    assert answer.headers["connection"] == "close"


async def test_reads_a_refused_body_to_its_end_so_that_the_answer_arrives() -> None:
    answer = await call(Guard(Echo()), body=[b" " * 32_768] * 10)
    assert (answer.status, answer.asked_for) == (413, 10)


async def test_reads_no_refused_body_for_ever() -> None:
    answer = await call(Guard(Echo()), body=[b" " * 4_194_304] * 100)
    assert answer.status == 413
    assert answer.asked_for <= 10


async def test_a_body_of_exactly_the_limit_passes() -> None:
    app = Echo()
    body = b'"' + b"a" * 65_534 + b'"'
    assert (await call(Guard(app), body=[body[:40_000], body[40_000:]])).status == 202
    assert app.bodies == [body]


BODIES: dict[str, tuple[bytes, int]] = {
    "N01 a lone surrogate": (b'{"a": "\\ud800"}', 422),
    "N02 NUL": (b'{"a": "\\u0000"}', 422),
    "N03 invalid UTF-8": (b'{"a": "\xff"}', 400),
    "N04 UTF-16": ("{}".encode("utf-16"), 400),
    "N04 a byte order mark": (b"\xef\xbb\xbf{}", 400),
    "N05 a name twice": (b'{"a": 1, "a": 2}', 400),
    "N06 NaN": (b'{"a": NaN}', 400),
    "N06 1e999": (b'{"a": 1e999}', 400),
    "N07 deep nesting": (b"[" * 60_000, 400),
    "N08 5,000 digits": (b"9" * 5_000, 400),
    "N12 nothing": (b"", 400),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
async def test_refuses_a_body_that_is_not_plain_json(body: bytes, status: int) -> None:
    app = Echo()
    answer = await call(Guard(app), body=[body])
    kind = problem.INVALID_CONTENT if status == 422 else problem.MALFORMED_JSON
    assert (answer.status, answer.type) == (status, kind.uri)
    assert not app.bodies


async def test_hands_on_the_body_as_it_came_and_the_value_it_read() -> None:
    app = Echo()
    await call(Guard(app), body=[b'{ "a"', b": 1.0}"])
    assert app.bodies == [b'{ "a": 1.0}']
    assert app.parsed == [{"a": 1.0}]
    assert app.after == ["http.disconnect"]


async def test_an_action_without_a_body_needs_no_content_type() -> None:
    app = Echo()
    answer = await call(Guard(app), headers=[HOST, (b"content-length", b"0")], body=[b""])
    assert (answer.status, app.parsed) == (202, [None])


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("framing", [(b"content-length", b"2"), (b"transfer-encoding", b"chunked")])
async def test_a_method_without_body_takes_none(method: str, framing: tuple[bytes, bytes]) -> None:
    answer = await call(Guard(Echo()), method=method, headers=[HOST, framing])
    assert (answer.status, answer.type) == (400, problem.MALFORMED_REQUEST.uri)
    assert (await call(Guard(Echo()), method=method, headers=[HOST])).status == 202


async def test_a_rule_lets_one_part_of_the_paths_take_something_else() -> None:
    rule = PathRule("/v1/callbacks/", frozenset({"application/xml"}), body_bytes=70_000)
    guard = Guard(Echo(), Limits(rules=(rule,)))
    headers = [HOST, (b"content-type", b"application/xml")]
    body = [b"<" * 69_000]
    assert (await call(guard, path="/v1/callbacks/x", headers=headers, body=body)).status == 202
    assert (await call(guard, path="/v1/callbacks/x", headers=headers, body=body * 2)).status == 413
    assert (await call(guard, headers=headers, body=body)).status == 415


async def test_gives_up_on_a_body_that_does_not_arrive_in_time() -> None:
    asked: list[float] = []

    def at_once(seconds: float) -> AbstractAsyncContextManager[object]:
        asked.append(seconds)
        return asyncio.timeout(0)

    async def never() -> Message:
        return await asyncio.Future()

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    guard = Guard(Echo(), Limits(body_seconds=15), deadline=at_once)
    async with asyncio.timeout(10):
        await guard(_scope("POST", "/", b"", [HOST, JSON]), never, send)
    assert (sent[0]["status"], asked) == (408, [15])
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_answers_nobody_when_the_caller_hung_up_over_the_body() -> None:
    sent: list[Message] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    app = Echo()
    await Guard(app)(_scope("POST", "/", b"", [HOST, JSON]), gone, send)
    assert not sent
    assert not app.bodies


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", (HOST, (b"content-type", b"application/x-www-form-urlencoded")), 415),
        ("POST", (HOST, JSON, (b"content-encoding", b"gzip")), 415),
        ("GET", (HOST, (b"content-length", b"6")), 400),
    ],
)
async def test_a_body_that_is_refused_unread_is_read_all_the_same(
    method: str, headers: Headers, status: int
) -> None:
    answer = await call(Guard(Echo()), method=method, headers=headers, body=(b"ab", b"cd", b"ef"))
    assert (answer.status, answer.asked_for) == (status, 3)
