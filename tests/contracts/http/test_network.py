"""Our transport beside the library's own, over real sockets: the same answer, or an error in both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avgate_contracts.connector import Limits
from avgate_contracts.destination import Destinations
from avgate_contracts.http.connection import Connection
from avgate_contracts.http.library import network
from avgate_contracts.http.network import Network, _Body

LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nt: x\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nserver: x\r\n\r\nhello"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
GOOD = {
    "length": LENGTH,
    "chunked": CHUNKED,
    "until it is closed": UNTIL_CLOSED,
    "no content": EMPTY,
    "interim answers first": EARLY + LENGTH,
    "not modified": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    "old": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "no reason": b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n",
    "much": b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n" + b"x" * 900_000,
}
BAD = {
    "nothing": b"",
    "half a status": b"HTTP/1.1 20",
    "half of the headers": b"HTTP/1.1 200 OK\r\ncontent-le",
    "too short": b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello",
    "a chunk cut": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello",
    "no last chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "garbage": b"\x00\x01\x02 what is this\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "an odd length": b"HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
    "a bad chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "no end of headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000,
    "no end of interim answers": EARLY * 4_000,
}

HERE = {"avgate.destinations": Destinations(local=frozenset({"127.0.0.1", "localhost"}))}
Seen = tuple[int, bytes] | str
Transports = Callable[[], httpx.AsyncBaseTransport]


def theirs() -> httpx.AsyncBaseTransport:
    return network(Limits(concurrency=4))


BOTH = pytest.mark.parametrize("make", [Network, theirs], ids=["ours", "theirs"])


def current() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def ended(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@dataclass
class Server:
    """Answers every request on a connection with the next of its answers; then closes it."""

    answers: list[bytes]
    sizes: list[int] = field(default_factory=list)  # of the pieces that it sends
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    url: str = ""
    unsent: int = 0  # answers of which the other side did not want to hear the end
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.append(current())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            for answer in self.answers:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                self.unsent += 1
                await self._send(writer, answer)
                self.unsent -= 1
        await ended(writer)

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        start = 0
        for size in self.sizes:
            writer.write(answer[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
            start += size
        writer.write(answer[start:])
        await writer.drain()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server
        await asyncio.gather(*server.tasks)


async def ask(transport: httpx.AsyncBaseTransport, url: str, method: str = "GET") -> Seen:
    timeout = httpx.Timeout(10).as_dict()
    request = httpx.Request(method, url + "/x?y=1", extensions={"timeout": timeout, **HERE})
    try:
        answer = await transport.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([piece async for piece in answer.stream])
        await answer.aclose()
    except httpx.TransportError:
        return "an error"
    return answer.status_code, body


async def seen(make: Transports, answer: bytes, sizes: list[int] | None = None) -> Seen:
    async with serving(Server([answer], sizes or [])) as server, make() as transport:
        return await ask(transport, server.url)


@BOTH
@pytest.mark.parametrize("answer", GOOD.values(), ids=GOOD)
async def test_what_is_http_is_read(make: Transports, answer: bytes) -> None:
    found = await seen(make, answer)

    assert not isinstance(found, str), found
    status, body = found
    assert status in {200, 204, 304}
    assert body in {b"hello", b"", b"x" * 900_000}


@BOTH
@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
async def test_what_is_cut_or_no_http_is_an_error(make: Transports, answer: bytes) -> None:
    assert await seen(make, answer) == "an error"


@settings(max_examples=60)
@given(
    answer=st.sampled_from([*GOOD.values(), *BAD.values()]).filter(lambda one: len(one) < 1000),
    sizes=st.lists(st.integers(1, 40), max_size=8),
    flip=st.one_of(st.none(), st.tuples(st.integers(0, 999), st.integers(0, 255))),
)
def test_however_it_is_cut_up_or_altered_the_two_agree_or_ours_is_stricter(
    answer: bytes, sizes: list[int], flip: tuple[int, int] | None
) -> None:
    if flip is not None and answer:
        at = flip[0] % len(answer)
        answer = answer[:at] + bytes([flip[1]]) + answer[at + 1 :]

    async def both() -> tuple[Seen, Seen]:
        return await seen(Network, answer, sizes), await seen(theirs, answer, sizes)

    ours, library = asyncio.run(both())

    assert ours in {library, "an error"}


async def test_a_connection_carries_one_call_after_the_other() -> None:
    async with serving(Server([LENGTH, CHUNKED, LENGTH])) as server, Network() as transport:
        for _ in range(3):
            assert await ask(transport, server.url) == (200, b"hello")

    assert server.connections == 1


@pytest.mark.parametrize("then", [[], [LENGTH]], ids=["it does", "it does not"])
async def test_one_that_is_said_to_be_closed_is_not_used_again(then: list[bytes]) -> None:
    closes = LENGTH.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
    async with serving(Server([closes, *then])) as server, Network() as transport:
        for _ in range(2):
            assert await ask(transport, server.url) == (200, b"hello")

    assert server.connections == 2


async def test_a_second_answer_is_nobodys() -> None:
    another = LENGTH.replace(b"hello", b"other")
    async with serving(Server([LENGTH + another, LENGTH])) as server, Network() as transport:
        for _ in range(2):
            assert await ask(transport, server.url) == (200, b"hello")

    assert server.connections == 2


async def test_an_answer_that_comes_while_nobody_asks_is_nobodys() -> None:
    say_more = asyncio.Event()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(LENGTH)
        await say_more.wait()
        with contextlib.suppress(OSError):
            writer.write(LENGTH.replace(b"hello", b"other"))
            await writer.drain()
        await ended(writer)

    async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with Network() as transport:
            assert await ask(transport, url) == (200, b"hello")
            say_more.set()
            await asyncio.sleep(0)
            assert await ask(transport, url) == (200, b"hello")


async def test_the_answer_to_head_has_no_body() -> None:
    async with serving(Server([LENGTH.removesuffix(b"hello")])) as server, Network() as transport:
        assert await ask(transport, server.url, "HEAD") == (200, b"")


async def test_a_call_that_is_given_up_takes_its_connection_with_it() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        await ended(writer)
        gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with Network() as transport:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await ask(transport, url)
            await asyncio.wait_for(gone.wait(), 5)


async def test_headers_without_an_end_are_given_up() -> None:
    server = Server([b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 4_000_000])
    async with serving(server), Network() as transport:
        assert await ask(transport, server.url) == "an error"
        assert server.unsent


async def test_a_long_body_that_comes_at_once_with_its_headers_is_none_of_them() -> None:
    class Wire(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:  # noqa: ARG002 -- as its base
            loop.call_soon(connection.data_received, head + b"x" * 200_000)

        def pause_reading(self) -> None:
            return

    loop, connection = asyncio.get_running_loop(), Connection()
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n"
    connection.connection_made(Wire())
    exchange = await connection.ask(b"GET / HTTP/1.1\r\n\r\n", has_no_body=False)
    assert len(b"".join([piece async for piece in connection.body(exchange, 1)])) == 200_000


async def test_a_body_that_nobody_reads_waits_at_the_server() -> None:
    server = Server([b"HTTP/1.1 200 OK\r\ncontent-length: 30000000\r\n\r\n" + bytes(30_000_000)])
    async with serving(server), Network() as transport:
        answer = await transport.handle_async_request(
            httpx.Request("GET", server.url, extensions=HERE)
        )
        assert isinstance(answer.stream, _Body)
        connection = answer.stream._connection
        assert connection is not None
        while not connection._is_paused:  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0)
        for _ in range(200):  # more would have come by then
            await asyncio.sleep(0)
        assert answer.stream._exchange.size < 1_000_000
        assert sum([len(piece) async for piece in answer.stream]) == 30_000_000
        await answer.aclose()


async def test_a_call_that_outlives_the_transport_leaves_no_connection_open() -> None:
    server = Server([LENGTH])
    async with serving(server):
        transport = Network()
        answer = await transport.handle_async_request(
            httpx.Request("GET", server.url, extensions=HERE)
        )
        await transport.aclose()
        assert await answer.aread() == b"hello"
        await answer.aclose()
        assert not any(transport._idle.values())


@pytest.mark.parametrize(
    "header", [("x", "a\r\nb: c"), ("x", "a\nb"), ("x\r\ny", "a")], ids=["value", "line", "name"]
)
async def test_a_line_break_in_a_header_is_not_sent(header: tuple[str, str]) -> None:
    request = httpx.Request("GET", "http://127.0.0.1:1024/", headers=[header], extensions=HERE)
    with pytest.raises(httpx.LocalProtocolError):
        await Network().handle_async_request(request)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1024/", "the connection was refused"),
        ("https://no.such.host.invalid/", "its name cannot be resolved"),
    ],
)
async def test_where_nobody_answers_nothing_was_sent(url: str, why: str) -> None:
    with pytest.raises(httpx.ConnectError, match=f"^{why}$"):
        await Network().handle_async_request(httpx.Request("GET", url, extensions=HERE))
