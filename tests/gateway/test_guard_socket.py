"""The guard over a real socket, as attackers come."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from avgate_gateway import problem
from avgate_gateway.guard import Limits

from .guarded import MARKER
from .listening import HOSTED, START, exchange, listening, told


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with listening(Limits(body_seconds=0.2)) as server:
        yield server.port


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
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    if status >= 400:
        assert told(answer)[0] == status


async def test_a_slow_body_does_not_hold_its_connection(port: int) -> None:
    """Without `Connection: close` in the request: it is the guard that ends the connection."""
    request = HOSTED.replace(b"Connection: close\r\n", b"") + b"Content-Length: 20\r\n\r\n{"
    assert (await exchange(port, request)).startswith(b"HTTP/1.1 408 ")


async def test_streams_and_survives_a_broken_route_on_a_real_socket(
    port: int, lines: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/events")).text == "data: 1\n\ndata: 2\n\n"
        assert (await client.get("/broken")).json()["type"] == problem.INTERNAL_ERROR.uri
        assert (await client.post("/v1/requests", json={"a": 1})).json() == {"a": 1}
    assert MARKER not in lines.text
