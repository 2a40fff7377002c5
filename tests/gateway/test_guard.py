"""The guard lets in only what can be read one way, within its size and its time."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from avgate_gateway import problem
from avgate_gateway.guard import Guard, Limits, PathRule, parsed_body

MARKER = "jan.jansen@example.org"
HOST = (b"host", b"gateway")
JSON = (b"content-type", b"application/json")
Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Echo:
    """An application that remembers what reached it, and answers 202."""

    bodies: list[bytes] = field(default_factory=list)
    parsed: list[Any] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    headers: Headers = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert not message.get("more_body")
        self.bodies.append(message.get("body", b""))
        self.parsed.append(parsed_body(scope))
        await send({"type": "http.response.start", "status": 202, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": b"ok"})
        self.after.append((await receive())["type"])


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    asked_for: int

    @property
    def type(self) -> str:
        return str(json.loads(self.body)["type"])


async def call(
    app: Any,
    *,
    method: str = "POST",
    path: str = "/v1/requests",
    query: bytes = b"",
    headers: Headers = (HOST, JSON),
    body: Sequence[bytes] = (b"{}",),
) -> Answer:
    """Calls an ASGI application with exactly these headers and pieces of a body."""
    pieces = [
        {"type": "http.request", "body": piece, "more_body": index < len(body) - 1}
        for index, piece in enumerate(body)
    ]
    sent: list[Message] = []
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(_scope(method, path, query, headers), receive, send)
    fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], fields, content, asked)


def _scope(method: str, path: str, query: bytes, headers: Headers) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query,
        "headers": list(headers),
    }


def many(count: int) -> Headers:
    return [HOST, *((b"x-%d" % number, b"1") for number in range(count))]


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


async def test_adds_what_keeps_answers_out_of_caches_and_guesses() -> None:
    answer = await call(Guard(Echo()))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_leaves_the_application_its_own_caching_and_names_no_server() -> None:
    app = Echo(headers=[(b"Cache-Control", b"max-age=60"), (b"server", b"x")])
    assert (await call(Guard(app))).headers == {
        "Cache-Control": "max-age=60",
        "x-content-type-options": "nosniff",
    }


async def test_an_exception_ends_at_the_guard_without_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(MARKER)

    answer = await call(Guard(broken))
    assert (answer.status, answer.type) == (500, problem.INTERNAL_ERROR.uri)
    assert MARKER.encode() not in answer.body
    assert "error=RuntimeError" in caplog.text
    assert MARKER not in caplog.text


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


# The rest goes over a real socket, as attackers do.


def served() -> FastAPI:
    app = FastAPI()
    problem.install(app)

    @app.post("/v1/requests", status_code=202)
    async def accept(request: Request) -> Any:
        return await request.json()

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            yield b"data: 2\n\n"

        return StreamingResponse(pieces(), media_type="text/event-stream")

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(MARKER)

    return app


@asynccontextmanager
async def listening(limits: Limits) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Guard(served(), limits),
        http="httptools",
        server_header=False,
        access_log=False,
        log_config=None,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listener.close()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with listening(Limits(body_seconds=0.2)) as number:
        yield number


async def exchange(port: int, request: bytes) -> bytes:
    """Sends bytes and reads until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    except (ConnectionError, TimeoutError):
        return b""
    finally:
        writer.close()


START = b"POST /v1/requests HTTP/1.1\r\nConnection: close\r\n"
HOSTED = START + b"Host: gateway\r\nContent-Type: application/json\r\n"
ON_THE_WIRE: dict[str, tuple[bytes, int]] = {
    "an ordinary request": (HOSTED + b"Content-Length: 2\r\n\r\n{}", 202),
    "H09 no Host": (START + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 400),
    "H09 two Hosts": (HOSTED + b"Host: evil\r\nContent-Length: 2\r\n\r\n{}", 400),
    "H12 two Idempotency-Keys": (
        HOSTED + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 2\r\n\r\n{}",
        400,
    ),
    "H12 two Authorizations": (
        HOSTED + b"Authorization: a\r\nAuthorization: b\r\nContent-Length: 2\r\n\r\n{}",
        400,
    ),
    "H15 a large header": (
        HOSTED + b"X: " + b"a" * 20_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
        431,
    ),
    "H16 many headers": (
        HOSTED
        + b"".join(b"X-%d: 1\r\n" % n for n in range(1_000))
        + b"Content-Length: 2\r\n\r\n{}",
        431,
    ),
    "H19 a dripping body": (HOSTED + b"Content-Length: 20\r\n\r\n{", 408),
    "H19 a dripping chunk": (HOSTED + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", 408),
    "N09 a large body": (HOSTED + b"Content-Length: 200000000\r\n\r\n{", 413),
    "N05 a name twice": (HOSTED + b'Content-Length: 15\r\n\r\n{"a":1, "a":2} ', 400),
}


@pytest.mark.parametrize(("request_", "status"), ON_THE_WIRE.values(), ids=ON_THE_WIRE)
async def test_holds_on_a_real_socket(port: int, request_: bytes, status: int) -> None:
    answer = await exchange(port, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nserver:" not in head.lower()
    if status >= 400:
        assert b"application/problem+json" in head
        assert json.loads(body)["status"] == status


async def test_the_server_itself_refuses_two_framings(port: int) -> None:
    """Before the guard sees it, so the answer is uvicorn's own: httptools is the stricter parser."""
    framings = b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert (await exchange(port, HOSTED + framings)).startswith(b"HTTP/1.1 400 ")


async def test_a_slow_body_does_not_hold_its_connection(port: int) -> None:
    """Without `Connection: close` in the request: it is the guard that ends the connection."""
    request = HOSTED.replace(b"Connection: close\r\n", b"") + b"Content-Length: 20\r\n\r\n{"
    assert (await exchange(port, request)).startswith(b"HTTP/1.1 408 ")


async def test_streams_and_survives_a_broken_route_on_a_real_socket(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/events")).text == "data: 1\n\ndata: 2\n\n"
        assert (await client.get("/broken")).json()["type"] == problem.INTERNAL_ERROR.uri
        assert (await client.post("/v1/requests", json={"a": 1})).json() == {"a": 1}
    assert MARKER not in caplog.text
