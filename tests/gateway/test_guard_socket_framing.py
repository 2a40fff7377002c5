"""What two readers could understand differently, byte by byte over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from avgate_gateway.guard import Limits

from .guarded import MARKER
from .listening import HOSTED, START, Listening, exchange, listening, told

CHUNKED = HOSTED + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"2\r\n{}\r\n0\r\n\r\n"


def framed(*fields: bytes, body: bytes = b"{}") -> bytes:
    return HOSTED + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


REFUSED: dict[str, tuple[bytes, int]] = {
    "H01 both framings": (
        framed(b"Content-Length: 2", b"Transfer-Encoding: chunked", body=HELLO),
        400,
    ),
    "H01 both framings, the other way round": (
        framed(b"Transfer-Encoding: chunked", b"Content-Length: 2", body=HELLO),
        400,
    ),
    "H02 the length twice": (framed(b"Content-Length: 2", b"Content-Length: 2"), 400),
    "H02 a list of lengths": (framed(b"Content-Length: 2, 2"), 400),
    "H02 a signed length": (framed(b"Content-Length: +2"), 400),
    "H02 a hexadecimal length": (framed(b"Content-Length: 0x2"), 400),
    "H02 a negative length": (framed(b"Content-Length: -1"), 400),
    "H02 no length": (framed(b"Content-Length: "), 400),
    "H03 gzip, chunked": (framed(b"Transfer-Encoding: gzip, chunked", body=HELLO), 400),
    "H03 chunked, gzip": (framed(b"Transfer-Encoding: chunked, gzip", body=HELLO), 400),
    "H03 identity": (framed(b"Transfer-Encoding: identity"), 400),
    "H03 xchunked": (framed(b"Transfer-Encoding: xchunked", body=HELLO), 400),
    "H03 chunked with a parameter": (framed(b"Transfer-Encoding: chunked;a=b", body=HELLO), 400),
    "H03 a vertical tab": (framed(b"Transfer-Encoding: \x0bchunked", body=HELLO), 400),
    "H03 trailing space": (framed(b"Transfer-Encoding: chunked ", body=HELLO), 400),
    "H04 chunked twice": (
        framed(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=HELLO),
        400,
    ),
    "H05 a space before the colon": (framed(b"Content-Length : 2"), 400),
    "H06 a folded header": (framed(b"X: a", b" b", b"Content-Length: 2"), 400),
    "H07 bare line feeds": (framed(b"Content-Length: 2").replace(b"\r\n", b"\n"), 400),
    "H08 a bare CR": (framed(b"X: a\rb", b"Content-Length: 2"), 400),
    "H08 a NUL": (framed(b"X: a\x00b", b"Content-Length: 2"), 400),
    "H10 a hexadecimal prefix": (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", 400),
    "H10 a line feed in an extension": (CHUNKED + b"2;a\nb\r\n{}\r\n0\r\n\r\n", 400),
    "H10 a negative chunk": (CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n", 400),
    "H10 a chunk of more than 64 bits": (CHUNKED + b"F" * 17 + b"\r\n{}\r\n", 400),
    "H11 a chunk with bare line feeds": (CHUNKED + b"2\n{}\n0\n\n", 400),
    "H11 a chunk that is too short": (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", 400),
    "H13 another host in the address": (
        framed(b"Content-Length: 2").replace(b"POST /", b"POST http://evil/"),
        400,
    ),
    "H13 credentials in the address": (
        framed(b"Content-Length: 2").replace(b"POST /", b"POST http://evil@gateway/"),
        400,
    ),
    "H13 another scheme": (
        framed(b"Content-Length: 2").replace(b"POST /", b"POST file://gateway/"),
        400,
    ),
    "H13 nothing but a host": (b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n", 400),
    "a tunnel to a path": (b"CONNECT /x HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    "a tunnel to ourselves": (b"CONNECT http://gateway/ HTTP/1.1\r\nHost: gateway\r\n\r\n", 400),
    "H14 chunked in HTTP/1.0": (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + HELLO, 400),
    "H15 a header of 64 KB": (framed(b"X: " + b"a" * 65_536, b"Content-Length: 2"), 431),
    "H16 a header of 1 MB": (framed(b"X: " + b"a" * 1_000_000, b"Content-Length: 2"), 431),
    "H16 a name of 1 MB": (framed(b"a" * 1_000_000 + b": 1", b"Content-Length: 2"), 431),
    "H16 10,000 headers": (framed(*(b"X-%d: 1" % n for n in range(10_000))), 431),
    "H17 an address of 9 KB": (START.replace(b"/v1", b"/" + b"a" * 9_000) + b"\r\n", 414),
    "H17 an address of 100 KB": (START.replace(b"/v1", b"/" + b"a" * 100_000) + b"\r\n", 414),
    "H17 an address of 3 MB": (START.replace(b"/v1", b"/" + b"a" * 3_000_000) + b"\r\n", 414),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2 with prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x00" * 64, 400),
    "no method of HTTP": (START.replace(b"POST", b"P\xf6ST") + b"\r\n", 400),
    "8-bit in the path": (START.replace(b"/v1", b"/\xff") + b"\r\n", 400),
    "a body of nothing but extensions": (CHUNKED + b"1;" + b"a" * 600_000, 431),
    "empty lines for ever": (b"\r\n" * 200_000, 431),
}


pytestmark = pytest.mark.asyncio(loop_scope="module")  # one server for all of them


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[Listening]:
    async with listening(Limits(body_seconds=5, head_seconds=5)) as made:
        yield made


@pytest.fixture
def server(shared: Listening) -> Listening:
    shared.begin()
    return shared


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
async def test_is_refused_once_and_reaches_nobody(
    server: Listening, sent: bytes, status: int
) -> None:
    """One problem comes back and nothing after it: what follows is no second request."""
    smuggled = b"POST /v1/requests HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n"
    kept_open = sent.replace(b"Connection: close\r\n", b"")
    assert told(await exchange(server.port, kept_open + smuggled))[0] == status
    assert server.calls == 0


async def test_a_refusal_by_the_parser_looks_like_every_other_and_repeats_nothing(
    server: Listening,
) -> None:
    answer = await exchange(server.port, framed(b"X : " + MARKER.encode()))
    assert MARKER.encode() not in answer
    head = answer.partition(b"\r\n\r\n")[0].lower()
    for field in (
        b"cache-control: no-store",
        b"x-content-type-options: nosniff",
        b"connection: close",
    ):
        assert field in head


async def test_what_came_before_is_answered_first(server: Listening) -> None:
    """A refusal in the middle would be taken for the answer to the request before it."""
    pipelined = b"GET /slow HTTP/1.1\r\nHost: gateway\r\n\r\nnonsense\r\n\r\n"
    reading = asyncio.create_task(exchange(server.port, pipelined))
    await server.app.state.entered.wait()
    server.app.state.go_on.set()
    answer = await reading
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_trailer_is_no_header(server: Listening) -> None:
    trailers = b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nX-Late: 1\r\n\r\n"
    assert (await exchange(server.port, CHUNKED + trailers)).startswith(b"HTTP/1.1 202 ")
    (seen,) = server.app.state.seen
    assert not {"authorization", "x-late"} & set(seen)


@pytest.mark.parametrize("scheme", [b"http", b"HTTP", b"https"])
async def test_an_address_may_name_the_host_that_is_meant(server: Listening, scheme: bytes) -> None:
    absolute = framed(b"Content-Length: 2").replace(b"POST /", b"POST " + scheme + b"://GATEWAY/")
    assert (await exchange(server.port, absolute)).startswith(b"HTTP/1.1 202 ")


async def test_an_upgrade_that_is_not_made_loses_nothing_that_follows(server: Listening) -> None:
    """Some clients offer HTTP/2 with the first request of every connection."""
    offered = framed(b"Upgrade: h2c", b"Content-Length: 2").replace(
        b"Connection: close", b"Connection: Upgrade, HTTP2-Settings"
    )
    answer = await exchange(server.port, offered + framed(b"Content-Length: 2"))
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 202 ") == server.calls == 2


async def test_a_body_behind_an_offer_to_upgrade_is_no_second_request(server: Listening) -> None:
    inner = b"POST /v1/requests HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n"
    length = b"Content-Length: %d" % len(inner)
    fields = (b"Upgrade: websocket", length, b"Connection: upgrade, close")
    sent = framed(*fields, body=b"").replace(b"Connection: close\r\n", b"")
    answer = await exchange(server.port, sent, inner)
    assert told(answer) == (400, "malformed-json")
    assert server.calls == 0


@pytest.mark.parametrize("method", [b"TRACE", b"PROPFIND"])
async def test_a_method_that_there_is_not_is_405_with_a_body_or_without(
    server: Listening, method: bytes
) -> None:
    sent = framed(b"Content-Length: 2").replace(b"POST", method)
    assert told(await exchange(server.port, sent)) == (405, "method-not-allowed")
