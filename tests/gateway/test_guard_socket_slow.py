"""Whoever is slow, silent or many: over a real socket, with limits of a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from avgate_gateway.guard import Limits

from .listening import HOSTED, Listening, listening, told, until

MOMENT = 0.15
GET = b"GET /events HTTP/1.1\r\nHost: gateway\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: gateway\r\n\r\n"
TRACE = b"TRACE /v1/requests HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Caller:
    """One connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def rest(self) -> bytes:
        """All that comes until the server hangs up; fails if it does not."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def is_open(self) -> bool:
        """Whether the server has not hung up, as far as can be seen now."""
        try:
            async with asyncio.timeout(0.005):
                return await self.reader.read(1) != b""
        except TimeoutError:
            return True
        except ConnectionError:
            return False

    async def drip(self, piece: bytes) -> bytes:
        """Sends a piece every moment until the server hangs up; what it said at the end."""
        end = asyncio.create_task(self.rest())
        while not end.done():
            self.writer.write(piece)
            await asyncio.wait([end], timeout=MOMENT / 10)
        return await end


@asynccontextmanager
async def calling(server: Listening, sent: bytes = b"") -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(sent)
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def slowly(**limits: float) -> AsyncIterator[Listening]:
    async with listening(Limits(**{"head_seconds": MOMENT, **limits})) as server:  # type: ignore[arg-type]  # each limit has a type of its own
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Listening]:
    async with slowly() as made:
        yield made


async def test_h18_who_says_nothing_is_hung_up_on_in_silence(server: Listening) -> None:
    """An answer to nothing could be taken for the answer to what is sent meanwhile."""
    async with calling(server) as silent:
        assert await silent.rest() == b""


async def test_h18_half_a_head_is_answered_408(server: Listening) -> None:
    async with calling(server, GET[:30]) as half:
        assert told(await half.rest()) == (408, "head-timeout")


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"a"])
async def test_h18_a_head_that_drips_ends_in_time(server: Listening, piece: bytes) -> None:
    async with calling(server, GET[:-2]) as caller:
        assert told(await caller.drip(piece)) == (408, "head-timeout")


async def test_h18_empty_lines_are_no_sign_of_life(server: Listening) -> None:
    async with calling(server) as caller:
        assert await caller.drip(b"\r\n") == b""


async def test_h18_the_next_head_has_no_more_time_than_the_first(server: Listening) -> None:
    async with calling(server, GET) as caller:
        async with asyncio.timeout(10):
            await caller.reader.readuntil(LAST_CHUNK)
        caller.writer.write(GET[:-2])
        assert told(await caller.drip(b"a")) == (408, "head-timeout")


async def test_h19_a_body_goes_on_after_its_answer_only_for_a_moment(server: Listening) -> None:
    async with calling(server, TRACE) as caller, asyncio.timeout(10):
        assert (await caller.reader.readuntil(b"}")).startswith(b"HTTP/1.1 405 ")
        assert await caller.drip(b"x") == b""


async def test_h16_headers_without_end_are_refused_before_their_end(server: Listening) -> None:
    async with calling(server, GET[:-2] + b"X: 1\r\n" * 65) as caller:
        assert told(await caller.rest()) == (431, "headers-too-large")


async def test_who_asked_in_time_may_wait_for_the_answer(server: Listening) -> None:
    async with calling(server, SLOW + GET[:20]) as patient, calling(server) as silent:
        await silent.rest()  # so that much time has passed
        server.app.state.go_on.set()
        assert (await patient.reader.readuntil(b'"done"')).startswith(b"HTTP/1.1 200 ")


async def test_h20_the_longest_silent_connection_makes_room_for_a_new_one() -> None:
    async with (
        slowly(head_seconds=30, connections=2) as server,
        calling(server, GET) as answered,
        calling(server, GET[:20]) as half,
    ):
        await answered.reader.readuntil(LAST_CHUNK)
        async with calling(server, GET) as new:
            assert (await new.reader.readuntil(LAST_CHUNK)).startswith(b"HTTP/1.1 200 ")
        assert await half.rest() == b""
        assert await answered.is_open()


async def test_h20_who_was_answered_makes_room_like_who_never_asked() -> None:
    async with (
        slowly(head_seconds=30, connections=2) as server,
        calling(server, GET) as first,
        calling(server, GET) as second,
    ):
        for caller in (first, second):
            await caller.reader.readuntil(LAST_CHUNK)
        async with calling(server, GET) as third:
            assert (await third.reader.readuntil(LAST_CHUNK)).startswith(b"HTTP/1.1 200 ")
        assert b"" in {await first.rest(), await second.rest()}


async def test_h20_who_waits_for_an_answer_makes_room_for_nobody() -> None:
    async with slowly(connections=2) as server, AsyncExitStack() as stack:
        waiting = [await stack.enter_async_context(calling(server, SLOW)) for _ in range(2)]
        await until(lambda: server.calls == 2)
        async with calling(server) as third:
            answer = await third.rest()
        assert told(answer) == (503, "unavailable")
        assert b"retry-after: 1\r\n" in answer
        server.app.state.go_on.set()
        for caller in waiting:
            assert (await caller.reader.readuntil(b'"done"')).startswith(b"HTTP/1.1 200 ")


async def test_h20_a_flood_of_silent_connections_keeps_nobody_out() -> None:
    async with slowly(head_seconds=30, connections=50) as server, AsyncExitStack() as stack:
        for _ in range(200):
            await stack.enter_async_context(calling(server))
        async with calling(server, GET) as caller, asyncio.timeout(5):
            assert (await caller.reader.readuntil(LAST_CHUNK)).startswith(b"HTTP/1.1 200 ")
        assert len(server.protocol.others) <= 50


async def test_h20_one_peer_cannot_take_every_place() -> None:
    async with (
        slowly(head_seconds=30, connections_per_peer=1) as server,
        calling(server) as first,
        calling(server) as second,
    ):
        assert await first.rest() == b""
        assert await second.is_open()


async def test_h20_a_trusted_proxy_stands_for_many_peers() -> None:
    limits = Limits(connections_per_peer=1, trusted_proxies=("127.0.0.0/8",))
    async with (
        listening(limits) as server,
        calling(server) as first,
        calling(server, GET) as second,
    ):
        await second.reader.readuntil(LAST_CHUNK)
        assert await first.is_open()


@pytest.mark.parametrize(
    ("proxies", "peer"),
    [((), "127.0.0.1"), (("192.0.2.1",), "127.0.0.1"), (("127.0.0.1",), "203.0.113.9")],
)
async def test_h22_only_a_trusted_proxy_is_believed_about_its_peer(
    proxies: tuple[str, ...], peer: str
) -> None:
    told_of = {"x-forwarded-for": "198.51.100.7, 203.0.113.9", "x-forwarded-proto": "https"}
    async with listening(Limits(trusted_proxies=proxies)) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base, headers=told_of) as client:
            assert (await client.get("/peer")).json() == peer


@pytest.mark.parametrize("sent", [b"GET /large HTTP/1.1\r\nHost: gateway\r\n\r\n"])
async def test_h20_who_takes_nothing_of_an_answer_is_given_up(sent: bytes) -> None:
    async with slowly(stall_seconds=MOMENT) as server, calling(server, sent):
        await until(lambda: server.calls == 1)
        await until(lambda: len(server.protocol.others) == 0)


async def test_a_connection_that_is_gone_is_not_counted() -> None:
    async with slowly(head_seconds=30) as server:
        for sent in (b"", GET[:20], GET, HOSTED, SLOW, b"nonsense\r\n\r\n"):
            async with calling(server, sent):
                await until(_counted(server, 1))
            await until(_counted(server, 0))


def _counted(server: Listening, number: int) -> Callable[[], bool]:
    return lambda: len(server.protocol.others) == number
