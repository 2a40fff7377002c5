"""A body that is read while it is sent, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from avgate_contracts.connector import Limits
from avgate_contracts.errors import ConnectorError, OutcomeUnknownError
from avgate_contracts.http import HttpClient, Runtime, Upload, open_client
from avgate_contracts.http.network import Network
from avgate_contracts.settings import ConnectorSettings

PIECE, PIECES = b"x" * 65_536, 400  # 26 MB: more than any socket's buffers take
CREATED = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"
LIMITS = Limits(attempts=1, timeout=20, deadline=30)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def upstream(serve: Serve) -> AsyncIterator[HttpClient]:
    tasks: list[asyncio.Task[None]] = []

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    own = ConnectorSettings(base_url=f"http://127.0.0.1:{port}")
    async with server:
        async with open_client(own, LIMITS, Runtime(transport=Network)) as client:
            yield client
        await asyncio.gather(*tasks)


class Body:
    """Pieces, and how many of them were taken."""

    def __init__(self, error: Exception | None = None) -> None:
        self.taken = 0
        self._error = error

    def upload(self) -> Upload:
        return Upload(len(PIECE) * PIECES, self._pieces)

    async def _pieces(self) -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            if self._error is not None and self.taken > 3:
                raise self._error
            self.taken += 1
            yield PIECE


async def test_it_arrives_whole_and_with_its_length() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        seen.append(await reader.readexactly(len(PIECE) * PIECES))
        writer.write(CREATED)
        await writer.drain()

    async with upstream(serve) as client:
        answer = await client.upload("PUT", "/in/{name}", Body().upload(), ids={"name": "a"})
    assert answer.status == 201
    assert seen[0].startswith(b"PUT /in/a HTTP/1.1\r\n")
    assert b"content-length: %d\r\n" % (len(PIECE) * PIECES) in seen[0].lower()
    assert seen[1] == PIECE * PIECES


async def test_no_more_of_it_is_read_than_the_other_side_takes() -> None:
    heard, go_on = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await go_on.wait()
        await reader.readexactly(len(PIECE) * PIECES)
        writer.write(CREATED)
        await writer.drain()

    body = Body()
    async with upstream(serve) as client:
        sending = asyncio.create_task(client.upload("PUT", "/in", body.upload()))
        await heard.wait()
        taken = -1
        while taken != body.taken:  # until nothing moves any more
            taken = body.taken
            await asyncio.wait([sending], timeout=0.1)
        assert taken < PIECES / 2
        go_on.set()
        assert (await sending).status == 201
    assert body.taken == PIECES


async def test_an_answer_before_its_end_is_the_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        while await reader.read(1 << 20):
            pass

    body = Body()
    async with upstream(serve) as client:
        answer = await client.upload("PUT", "/in", body.upload(), accept=(413,))
    assert answer.status == 413
    assert body.taken < PIECES


async def test_a_connection_that_is_cut_leaves_it_unknown() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with upstream(serve) as client:
        with pytest.raises(OutcomeUnknownError):
            await client.upload("PUT", "/in", Body().upload())


async def test_what_reading_it_raises_comes_out_and_nothing_is_left_half_said() -> None:
    ends: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(await reader.read())

    async with upstream(serve) as client:
        with pytest.raises((FileNotFoundError, ConnectorError)):
            await client.upload("PUT", "/in", Body(FileNotFoundError()).upload())
    [said] = ends
    assert len(said) < len(PIECE) * PIECES, "the other side heard the connection end too soon"
