"""Over real sockets, with a server that misbehaves."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    ContractBrokenError,
    Limits,
    OutcomeUnknownError,
    UnavailableError,
)
from avgate_contracts.http import library

ONCE = Limits(attempts=1, timeout=0.3, deadline=0.3)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
ENDLESS = HEAD + b"transfer-encoding: chunked\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


async def fails(clients: Any, server: Any, limits: Limits = ONCE) -> None:
    """A read is then unavailable; and of a write nobody knows what became."""
    client = clients.over(None, base_url=server.base_url, limits=limits, real_time=True)
    with pytest.raises(UnavailableError):
        await client.send("GET", "/x")
    with pytest.raises(OutcomeUnknownError):
        await client.send("POST", "/x", json={})


async def test_a_refused_connection_leaves_even_a_write_undone(clients: Any, nobody: str) -> None:
    client = clients.over(None, base_url=nobody, limits=Limits(timeout=1))
    for method in ("GET", "POST"):
        with pytest.raises(UnavailableError, match="ConnectError"):
            await client.send(method, "/x")
    assert len(clients.clock.slept) == 4


async def test_an_answer_comes_over_a_kept_connection(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    upstream.scripts = [scripts.answers(b'{"a":1}', "200 OK", "X-Page: 2")]
    client = clients.over(None, base_url=upstream.base_url)
    for _ in range(2):
        await client.send("GET", "/users/{id}", ids={"id": "+316"})
    response = await client.send("GET", "/users/{id}", ids={"id": "+316"})
    assert response.json() == {"a": 1}
    assert response.headers["x-page"] == "2"
    assert upstream.heads[0].startswith(b"GET /users/%2B316 HTTP/1.1\r\n")
    assert b"accept-encoding: identity\r\n" in upstream.heads[0].lower()


async def test_a_reset_before_the_answer(clients: Any, upstream: Any, scripts: Any) -> None:
    upstream.scripts = [scripts.resets]
    await fails(clients, upstream)


async def test_a_connection_closed_without_a_word(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    upstream.scripts = [scripts.says(b"", then_close=True)]
    await fails(clients, upstream)


async def test_half_of_the_headers(clients: Any, upstream: Any, scripts: Any) -> None:
    upstream.scripts = [scripts.says(b"HTTP/1.1 200 OK\r\ncontent-", then_close=True)]
    await fails(clients, upstream)


async def test_what_is_not_http(clients: Any, upstream: Any, scripts: Any) -> None:
    upstream.scripts = [scripts.says(b"\x00\x01garbage\r\n\r\n", then_close=True)]
    await fails(clients, upstream)


async def test_a_body_that_is_cut(clients: Any, upstream: Any, scripts: Any) -> None:
    upstream.scripts = [scripts.says(HEAD + b"content-length: 99\r\n\r\n{", then_close=True)]
    await fails(clients, upstream)


@pytest.mark.parametrize("way", ["silence", "headers that drip"])
async def test_one_try_is_given_no_more_than_its_time_until_its_headers(
    clients: Any, upstream: Any, scripts: Any, way: str
) -> None:
    drips = scripts.repeats(HEAD, b"x-more: 1\r\n", 0.01)
    upstream.scripts = [scripts.hangs if way == "silence" else drips]
    limits = Limits(attempts=1, timeout=0.2, deadline=9)
    client = clients.over(None, base_url=upstream.base_url, limits=limits)
    async with asyncio.timeout(3):
        with pytest.raises(OutcomeUnknownError):
            await client.send("POST", "/x", json={})


async def test_a_body_that_drips_is_given_no_more_than_the_deadline(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    upstream.scripts = [scripts.repeats(ENDLESS, chunk(b" "), 0.01)]
    await fails(clients, upstream, Limits(timeout=5, deadline=0.08))


async def test_an_endless_body_is_cut_off_at_the_cap(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    upstream.scripts = [scripts.repeats(ENDLESS, chunk(b"x" * 5_000), 0)]
    client = clients.over(
        None, base_url=upstream.base_url, limits=Limits(max_response_bytes=50_000)
    )
    with pytest.raises(ContractBrokenError, match="50000 bytes"):
        await client.send("GET", "/x")


async def test_endless_headers_are_cut_off(clients: Any, upstream: Any, scripts: Any) -> None:
    upstream.scripts = [scripts.repeats(HEAD, b"x-more: " + b"a" * 5_000 + b"\r\n", 0)]
    await fails(clients, upstream)


async def test_a_gzip_bomb_is_never_unpacked(clients: Any, upstream: Any, scripts: Any) -> None:
    bomb = gzip.compress(b"0" * 20_000_000)
    upstream.scripts = [scripts.answers(bomb, "200 OK", "content-encoding: gzip")]
    client = clients.over(None, base_url=upstream.base_url)
    with pytest.raises(ContractBrokenError, match="compressed"):
        await client.send("GET", "/x")
    with pytest.raises(ContractBrokenError, match="compressed"):
        async with client.stream("GET", "/x") as opened:
            await anext(opened.chunks)


async def test_a_second_answer_on_the_same_connection_is_thrown_away(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    first = HEAD + b"content-length: 1\r\n\r\n1"
    smuggled = HEAD + b"content-length: 1\r\n\r\n6"
    upstream.scripts = [scripts.says(first + smuggled), scripts.answers(b"2")]
    client = clients.over(None, base_url=upstream.base_url)
    assert (await client.send("GET", "/x")).json() == 1
    assert (await client.send("GET", "/x")).json() == 2


async def test_after_one_503_the_next_try_is_fine(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    busy = scripts.answers(b"busy", "503 Service Unavailable", "retry-after: 2")
    upstream.scripts = [busy, scripts.answers(b"{}")]
    client = clients.over(None, base_url=upstream.base_url)
    assert (await client.send("GET", "/x")).json() == {}
    assert clients.clock.slept == [2.0]


async def test_the_connection_outlives_a_small_error_but_not_a_large_one(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    upstream.scripts = [scripts.answers(b"x" * 200_000, "404 Not Found"), scripts.answers(b"{}")]
    client = clients.over(None, base_url=upstream.base_url)
    with pytest.raises(Exception, match="no such thing"):
        await client.send("GET", "/x")
    assert (await client.send("GET", "/x")).json() == {}


async def test_a_cancelled_call_leaves_the_client_usable(
    clients: Any, upstream: Any, scripts: Any
) -> None:
    upstream.scripts = [scripts.hangs, scripts.answers(b"{}")]
    client = clients.over(None, base_url=upstream.base_url, limits=Limits(concurrency=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.send("GET", "/x"), 0.05)
    assert (await client.send("GET", "/x")).json() == {}


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"])
@pytest.mark.parametrize("content", [b"", b"{}"])
@pytest.mark.parametrize("address", ["https://a.example/x?y=1", "http://[::1]:81/"])
def test_a_request_is_what_the_library_would_make_of_it(
    method: str, content: bytes, address: str
) -> None:
    fields = [(b"accept", b"*/*"), (b"authorization", b"Bearer t"), (b"accept", b"a/b")]
    ours = library.request(method, httpx.URL(address), fields, content, {"timeout": {}})
    theirs = httpx.Request(method, address, headers=fields, content=content)
    assert sorted(ours.headers.raw) == sorted(theirs.headers.raw)
    assert (ours.method, ours.url, ours.content) == (theirs.method, theirs.url, theirs.content)
    assert ours.extensions == {"timeout": {}}
