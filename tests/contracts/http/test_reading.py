from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from avgate_contracts import ConnectorError, Limits, NotFoundError

TURNS = Callable[..., Any]


async def read_all(opening: Any) -> list[bytes]:
    """Every piece that came before the end, or before the error, which is told last."""
    read: list[bytes] = []
    try:
        async with opening as opened:
            async for piece in opened.chunks:
                read.append(piece)  # noqa: PERF401 -- what came before an error counts
    except ConnectorError as error:
        read.append(f"{type(error).__name__}: {error}".encode())
    return read


async def bits(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def test_a_file_is_read_piece_by_piece(clients: Any, turns: TURNS) -> None:
    pieces = [bytes([n]) * 1000 for n in range(20)]
    handler = turns(httpx.Response(200, headers={"ETag": "e"}, content=bits(*pieces)))
    digest = hashlib.sha256()
    async with clients.over(handler).stream(
        "GET", "/calls/{id}/audio", ids={"id": "7"}, params={"format": "wav"}
    ) as opened:
        assert (opened.status, opened.headers["etag"]) == (200, "e")
        async for piece in opened.chunks:
            digest.update(piece)
    assert digest.digest() == hashlib.sha256(b"".join(pieces)).digest()
    assert str(handler.asked[0].url).endswith("/calls/7/audio?format=wav")
    assert handler.asked[0].headers["accept"] == "*/*"


async def test_opening_a_file_is_tried_again_and_refused_like_any_call(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    handler = turns(
        httpx.ReadError("x"),
        httpx.Response(429, headers={"retry-after": "2"}),
        httpx.Response(200, content=bits(b"a")),
        httpx.Response(404),
    )
    client = clients.over(handler)
    async with client.stream("GET", "/file") as opened:
        assert [piece async for piece in opened.chunks] == [b"a"]
    assert clock.slept[1] == 2.0
    with pytest.raises(NotFoundError):
        async with client.stream("GET", "/file"):
            raise AssertionError


async def test_a_file_that_is_cut_is_said_to_be_cut(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(200, content=bits(b"a", httpx.ReadError("Jansen"))))
    piece, end = await read_all(clients.over(handler).stream("GET", "/file"))
    assert piece == b"a"
    assert end.startswith(b"UnavailableError")
    assert b"Jansen" not in end


async def test_a_refusal_instead_of_a_file_is_asked_for_again_where_it_was_cut(
    clients: Any, turns: TURNS
) -> None:
    cut = httpx.Response(404, content=bits(b"no su", httpx.RemoteProtocolError("x")))
    handler = turns(cut, httpx.Response(404, content=bits(b"no such ", b"file")))
    async with clients.over(handler).stream("GET", "/file", accept=(404,)) as opened:
        assert opened.status == 404
        assert b"".join([piece async for piece in opened.chunks]) == b"no such file"


async def test_a_file_beyond_the_cap_is_cut_off(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(200, content=bits(*[b"x" * 60] * 3)))
    piece, end = await read_all(clients.over(handler).stream("GET", "/file", max_bytes=100))
    assert piece == b"x" * 60
    assert end.startswith(b"ContractBrokenError")
    assert b"100 bytes" in end


async def test_a_file_may_be_left_half_read(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(200, content=bits(b"a", b"b")), httpx.Response(200))
    client = clients.over(handler, limits=Limits(concurrency=1))
    async with client.stream("GET", "/file") as opened:
        assert await anext(opened.chunks) == b"a"
    assert (await client.send("GET", "/x")).status == 200


async def test_an_error_of_the_reader_stays_the_readers_own(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(200, content=bits(b"a")))
    with pytest.raises(ZeroDivisionError):
        async with clients.over(handler).stream("GET", "/file"):
            raise ZeroDivisionError


async def test_a_file_that_drips_is_given_up(clients: Any, clock: Any, turns: TURNS) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        for _ in range(100):
            clock.seconds += 5
            yield b"x"

    handler = turns(httpx.Response(200, content=dripping()))
    read = await read_all(clients.over(handler, limits=Limits(deadline=60)).stream("GET", "/file"))
    assert read[:-1] == [b"x"] * 12
    assert b"drips" in read[-1]


async def test_a_slow_reader_is_not_held_against_the_upstream(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    handler = turns(httpx.Response(200, content=bits(*[b"x"] * 5)))
    async with clients.over(handler).stream("GET", "/file") as opened:
        async for piece in opened.chunks:
            assert piece == b"x"
            clock.seconds += 1_000
