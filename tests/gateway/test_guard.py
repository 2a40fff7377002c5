"""The guard: which headers and addresses get through it, and what comes back."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from avgate_gateway import problem
from avgate_gateway.guard import Guard, Limits

from .guarded import (
    HOST,
    JSON,
    MARKER,
    Echo,
    Headers,
    _scope,
    call,
    many,
)

REFUSED_HEADERS: dict[str, tuple[Headers, problem.ProblemType]] = {
    "H09 no Host": ([JSON], problem.MALFORMED_REQUEST),
    "H09 two Hosts": ([HOST, HOST, JSON], problem.AMBIGUOUS_REQUEST),
    "H09 a Host that is none": ([(b"host", b"a/b@c"), JSON], problem.MALFORMED_REQUEST),
    "H02 two Content-Lengths": (
        [HOST, JSON, (b"content-length", b"2"), (b"content-length", b"2")],
        problem.AMBIGUOUS_REQUEST,
    ),
    "H02 a list of Content-Lengths": (
        [HOST, JSON, (b"content-length", b"2, 2")],
        problem.MALFORMED_REQUEST,
    ),
    "H02 a signed Content-Length": (
        [HOST, JSON, (b"content-length", b"+2")],
        problem.MALFORMED_REQUEST,
    ),
    "H02 a negative Content-Length": (
        [HOST, JSON, (b"content-length", b"-1")],
        problem.MALFORMED_REQUEST,
    ),
    "H01 two framings": (
        [HOST, JSON, (b"content-length", b"2"), (b"transfer-encoding", b"chunked")],
        problem.MALFORMED_REQUEST,
    ),
    "H04 Transfer-Encoding twice": (
        [HOST, JSON, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
        problem.AMBIGUOUS_REQUEST,
    ),
    "H12 two Idempotency-Keys": (
        [HOST, JSON, (b"idempotency-key", b"a"), (b"Idempotency-Key", b"b")],
        problem.AMBIGUOUS_REQUEST,
    ),
    "H12 J36 two Authorizations": (
        [HOST, JSON, (b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")],
        problem.AMBIGUOUS_REQUEST,
    ),
    "two Content-Types": ([HOST, JSON, JSON], problem.AMBIGUOUS_REQUEST),
    "H15 a header of 64 KB": ([HOST, (b"x", b"a" * 65_536)], problem.HEADERS_TOO_LARGE),
    "H16 10,000 headers": (many(10_000), problem.HEADERS_TOO_LARGE),
    "65 headers": (many(64), problem.HEADERS_TOO_LARGE),
    "N17 NUL in a header": ([HOST, (b"x", b"a\x00b")], problem.MALFORMED_REQUEST),
    "N17 CR in a header": ([HOST, (b"x", b"a\rb")], problem.MALFORMED_REQUEST),
    "N17 8-bit in a header": ([HOST, (b"x", b"caf\xe9")], problem.MALFORMED_REQUEST),
    "N11 text": ([HOST, (b"content-type", b"text/plain")], problem.UNSUPPORTED_CONTENT),
    "N11 no Content-Type": ([HOST], problem.UNSUPPORTED_CONTENT),
    "N11 another charset": (
        [HOST, (b"content-type", b"application/json; charset=utf-16")],
        problem.UNSUPPORTED_CONTENT,
    ),
    "N11 a form": (
        [HOST, (b"content-type", b"application/x-www-form-urlencoded")],
        problem.UNSUPPORTED_CONTENT,
    ),
    "N11 gzip": ([HOST, JSON, (b"content-encoding", b"gzip")], problem.UNSUPPORTED_CONTENT),
    "N09 a body announced too large": (
        [HOST, JSON, (b"content-length", b"200000000")],
        problem.BODY_TOO_LARGE,
    ),
}

ACCEPTED_HEADERS: dict[str, Headers] = {
    "one of each": [
        HOST,
        JSON,
        (b"content-length", b"2"),
        (b"authorization", b"Bearer a"),
        (b"idempotency-key", b'"k"'),
    ],
    "64 headers": [JSON, *many(62)],
    "a port": [(b"host", b"gateway:8443"), JSON],
    "an IPv6 host": [(b"host", b"[::1]:8443"), JSON],
    "a charset": [HOST, (b"content-type", b'Application/JSON; charset="UTF-8"')],
    "Prefer twice": [HOST, JSON, (b"prefer", b"wait=5"), (b"prefer", b"respond-async")],
}


@pytest.mark.parametrize(("headers", "kind"), REFUSED_HEADERS.values(), ids=REFUSED_HEADERS)
async def test_refuses_headers_that_can_be_read_two_ways(
    headers: Headers, kind: problem.ProblemType
) -> None:
    app = Echo()
    answer = await call(Guard(app), headers=headers)
    assert (answer.status, answer.type) == (kind.status, kind.uri)
    assert not app.bodies


@pytest.mark.parametrize("headers", ACCEPTED_HEADERS.values(), ids=ACCEPTED_HEADERS)
async def test_lets_ordinary_headers_through(headers: Headers) -> None:
    assert (await call(Guard(Echo()), headers=headers)).status == 202


ADDRESSES: dict[str, tuple[str, bytes, int]] = {
    "N14 a parameter twice": ("/", b"id=a&id=b", 400),
    "N14 a parameter twice, spelled differently": ("/", b"id=a&i%64=b", 400),
    "N14 twice the same": ("/", b"id=a&id=a", 400),
    "J36 a token in the query": ("/", b"access_token=x", 400),
    "NUL in the query": ("/", b"a=%00", 400),
    "a line end in a name": ("/", b"a%0d%0ab=1", 400),
    "half a surrogate in the query": ("/", b"a=%ed%a0%80", 400),
    "raw 8-bit in the query": ("/", b"a=\xff", 400),
    "NUL in the path": ("/v1/\x00", b"", 400),
    "65 parameters": ("/", b"&".join(b"a%d=1" % number for number in range(65)), 400),
    "H17 a long query": ("/", b"a=" + b"b" * 100_000, 414),
    "H17 a long path": ("/" + "a" * 100_000, b"", 414),
    "a list": ("/", b"state=received&state=closed", 202),
    "an empty value": ("/", b"a=&b", 202),
}


@pytest.mark.parametrize(("path", "query", "status"), ADDRESSES.values(), ids=ADDRESSES)
async def test_reads_an_address_one_way_or_not_at_all(path: str, query: bytes, status: int) -> None:
    guard = Guard(Echo(), Limits(repeatable=frozenset({"state"})))
    answer = await call(guard, method="GET", path=path, query=query, headers=[HOST])
    assert answer.status == status


@pytest.mark.parametrize(
    ("host", "status"), [(b"gateway:80", 202), (b"GATEWAY", 202), (b"evil", 400)]
)
async def test_answers_only_to_its_own_names(host: bytes, status: int) -> None:
    guard = Guard(Echo(), Limits(hosts=frozenset({"gateway"})))
    assert (await call(guard, headers=[(b"host", host), JSON])).status == status


@pytest.mark.parametrize(
    ("headers", "body", "query"),
    [
        ([HOST, JSON, (MARKER.encode(), b"1"), (MARKER.encode(), b"2")], b"{", b""),
        ([HOST, JSON], f'{{"{MARKER}": 1, "{MARKER}": 2}}'.encode(), b""),
        ([HOST, JSON], f'"{MARKER}\\u0000"'.encode(), b""),
        ([HOST, (b"content-type", MARKER.encode())], b"{}", b""),
        ([(b"host", MARKER.encode()), JSON], b"{}", b""),
        ([HOST, JSON], b"{}", f"{MARKER}=1&{MARKER}=2".encode()),
    ],
)
async def test_a_refusal_never_repeats_what_was_sent(
    headers: Headers, body: bytes, query: bytes
) -> None:
    answer = await call(Guard(Echo()), headers=headers, body=[body], query=query)
    assert answer.status >= 400
    assert MARKER.encode() not in answer.body
    assert MARKER not in str(answer.headers)


async def test_what_is_added_to_the_headers_later_reaches_nobody() -> None:
    """Servers put trailers there, long after the guard has looked."""
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        seen.extend(scope["headers"])

    scope = _scope("POST", "/", b"", [HOST, JSON])
    headers = scope["headers"]

    async def receive() -> Message:
        headers.append((b"authorization", b"Bearer x"))
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await Guard(app)(scope, receive, send)
    assert seen == [HOST, JSON]


async def test_adds_what_keeps_answers_out_of_caches_and_guesses() -> None:
    answer = await call(Guard(Echo()))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_leaves_the_application_its_own_caching_and_names_no_server() -> None:
    app = Echo(headers=[(b"Cache-Control", b"max-age=60"), (b"server", b"x")])
    assert (await call(Guard(app))).headers == {
        "Cache-Control": "max-age=60",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


async def test_an_exception_ends_at_the_guard_without_its_message(
    lines: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(MARKER)

    answer = await call(Guard(broken))
    assert (answer.status, answer.type) == (500, problem.INTERNAL_ERROR.uri)
    assert MARKER.encode() not in answer.body
    assert '"error":"RuntimeError"' in lines.text
    assert MARKER not in lines.text


async def test_an_answer_that_breaks_off_is_not_completed_by_a_second_one() -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError(MARKER)

    answer = await call(Guard(breaking))
    assert (answer.status, answer.body) == (200, b"half")


async def test_cancelling_passes_through() -> None:
    async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await call(Guard(cancelled))


async def test_passes_a_stream_on_piece_by_piece() -> None:
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    seen = asyncio.Event()

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await seen.wait()
        await send({"type": "http.response.body", "body": b"last"})

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        arrived.put_nowait(message.get("body", b""))

    scope = _scope("GET", "/", b"", [HOST])
    task = asyncio.create_task(Guard(streaming)(scope, receive, send))
    assert [await arrived.get(), await arrived.get()] == [b"", b"first"]
    seen.set()
    await task
    assert arrived.get_nowait() == b"last"


async def test_takes_no_websocket_and_leaves_the_lifespan_alone() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": scope["type"]})

    await Guard(lifespan)({"type": "websocket"}, receive, send)
    await Guard(lifespan)({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close", "lifespan"]


async def no_time(_seconds: float) -> None:
    """Passes at once."""


async def test_what_would_only_wait_behind_all_the_others_is_turned_away_unread() -> None:
    go_on, entered = asyncio.Event(), asyncio.Event()
    echo = Echo()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await go_on.wait()
        await echo(scope, receive, send)

    guard = Guard(slow, Limits(at_once=1), pause=no_time)
    first = asyncio.create_task(call(guard))
    await entered.wait()

    refused = await call(guard)
    probe = asyncio.create_task(call(guard, method="GET", path="/health/live", body=(b"",)))
    go_on.set()

    assert (refused.status, refused.headers["retry-after"], refused.asked_for) == (503, "1", 0)
    assert refused.type.endswith("unavailable")
    assert (await first).status == 202
    assert (await probe).status == 202
    assert (await call(guard)).status == 202


async def test_an_answer_that_has_begun_keeps_nobody_out() -> None:
    go_on, begun = asyncio.Event(), asyncio.Event()

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"the end"})

    guard = Guard(stream, Limits(at_once=1))
    first = asyncio.create_task(call(guard))
    await begun.wait()
    second = asyncio.create_task(call(guard))
    go_on.set()

    assert [(await first).status, (await second).status] == [200, 200]
