"""[J33] An issuer's keys, fetched over real sockets from servers that are down, odd or hostile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from avgate_contracts.connector import Limits
from avgate_contracts.errors import ConnectorError, MisconfiguredError
from avgate_contracts.http import Runtime
from avgate_contracts.http.network import Network
from avgate_contracts.http.road import Road
from avgate_gateway.authentication import RotatingKeys
from avgate_gateway.key_fetching import fetch_over_http
from avgate_gateway.problem import ProblemError
from avgate_gateway.settings import SettingsError, load

from .tokens import OURS, Clock, key_set, public

KEYS = key_set(public(OURS.key, "ours", use="sig"))
QUICK = Limits(concurrency=1, attempts=1, timeout=0.2, deadline=0.4, max_response_bytes=256 * 1024)


def answer(body: bytes, status: str = "200 OK", *fields: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return (
        "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {size}", *fields, "", ""]).encode()
        + body
    )


HOSTILE = {
    "down": b"",
    "500": answer(b"oops", "500 Internal Server Error"),
    "503": answer(b"later", "503 Service Unavailable"),
    "404": answer(b"{}", "404 Not Found"),
    "HTML": answer(b"<html>log in</html>", "200 OK", "content-type: text/html"),
    "HTML that claims to be JSON": answer(b"<html>", "200 OK", "content-type: application/json"),
    "huge": answer(b'{"keys": [' + b" " * 300_000 + b"]}"),
    "huge without a length": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 300_000,
    "no end": answer(b"{", length=1000),
    "another thing": answer(b"[]"),
    "no keys in it": answer(b'{"keys": 3}'),
}


@asynccontextmanager
async def issuer(
    says: bytes, *, then_hangs: bool = False
) -> AsyncIterator[tuple[str, list[bytes]]]:
    heads: list[bytes] = []
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        with closing(writer):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(says)
            if then_hangs:
                await reader.read()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/keys", heads
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fetched(url: str, limits: Limits = QUICK) -> bytes:
    return await fetch_over_http(url, limits=limits)()


async def test_keys_are_fetched() -> None:
    async with issuer(answer(KEYS)) as (url, _heads):
        assert await fetched(url, replace(QUICK, timeout=10, deadline=10)) == KEYS


@pytest.mark.parametrize("says", HOSTILE.values(), ids=HOSTILE)
async def test_without_keys_nobody_is_let_in_and_known_keys_go_on(says: bytes) -> None:
    """[J33] 503 while none are known; the ones that are known for 24 hours, and 503 then."""
    async with issuer(says) as (url, heads):
        clock, hostile = Clock(), fetch_over_http(url, limits=QUICK)
        good = [KEYS]

        async def first_good_then_hostile() -> bytes:
            return good.pop() if good else await hostile()

        keys = RotatingKeys(first_good_then_hostile, clock)
        assert await keys.find("ours")
        clock.now += 3_600
        assert await keys.find("ours")
        assert heads
        clock.now += 86_400
        with pytest.raises(ProblemError):
            await keys.find("ours")
        with pytest.raises(ProblemError):
            await RotatingKeys(fetch_over_http(url, limits=QUICK), clock).find("ours")


@pytest.mark.parametrize("says", [HOSTILE["huge"], HOSTILE["huge without a length"]])
async def test_no_more_is_read_than_an_issuer_has_to_say(says: bytes) -> None:
    async with issuer(says) as (url, _heads):
        with pytest.raises(ConnectorError):
            await fetch_over_http(url)()


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\n", answer(b"{", length=2)])
async def test_an_issuer_that_is_slow_is_not_waited_for(says: bytes) -> None:
    async with issuer(says, then_hangs=True) as (url, _heads):
        async with asyncio.timeout(10):
            with pytest.raises(ConnectorError):
                await fetched(url)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_to_this_machine_is_not_followed(status: str) -> None:
    async with issuer(answer(KEYS)) as (inside, seen):
        moved = answer(b"", status, f"location: {inside}")
        async with issuer(moved) as (url, heads):
            with pytest.raises(ConnectorError):
                await fetched(url)
    assert (len(heads), seen) == (1, [])


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"])
async def test_an_issuer_whose_name_leads_inside_is_not_asked(inside: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [inside]

    runtime = Runtime(transport=lambda: Network(road=Road(resolve)))
    with pytest.raises(MisconfiguredError):
        await fetch_over_http("https://issuer.nl/keys", runtime=runtime, limits=QUICK)()


CONFIG = """[authentication]
issuer = "i"
audience = "a"
jwks_url = "{url}"
{more}
[controllers.a]
title = "A"
retention = "libervoice-2019"
"""


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("https://10.0.0.1/keys", "", 'private_networks = ["10.0.0.0/8"]'),
        ("https://169.254.169.254/keys", "", "at which no upstream is"),
        ("https://127.1/keys", "", "the host must be"),
        ("https://issuer.nl:22/keys", "", "the port must be"),
        ("https://issuer.nl/keys", 'private_networks = ["0.0.0.0/0"]', "must lie in one of"),
    ],
)
def test_keys_are_not_fetched_from_where_no_issuer_is(
    url: str, more: str, said: str, tmp_path: Path
) -> None:
    config = tmp_path / "avgate.toml"
    config.write_text(CONFIG.format(url=url, more=more), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(config, {})
    assert said in str(caught.value)


def test_an_issuer_in_a_listed_network_is_taken(tmp_path: Path) -> None:
    config = tmp_path / "avgate.toml"
    more = 'private_networks = ["10.0.0.0/8"]'
    config.write_text(CONFIG.format(url="https://10.0.0.1/keys", more=more), "utf-8")
    assert load(config, {}).authentication.private_networks == ("10.0.0.0/8",)
