"""Where connections go once a name is resolved, over real sockets and an injected resolver."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.contracts.addresses import MISSPELT, NOBODY, PRIVATE

from avgate_contracts import ConnectorSettings, Limits, MisconfiguredError, Runtime, open_client
from avgate_contracts.destination import PRIVATE as NETWORKS
from avgate_contracts.destination import Address, Destinations, Origin
from avgate_contracts.errors import ContractBrokenError, UnavailableError
from avgate_contracts.http.network import Network
from avgate_contracts.http.road import Road, dial

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Names:
    """A resolver whose answers follow each other; the last one stays."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Dialled:
    """Keeps where a connection would have gone; it goes nowhere."""

    to: list[str] = field(default_factory=list)

    async def __call__(self, address: Address, _port: int) -> socket.socket:
        self.to.append(str(address))
        raise ConnectionRefusedError


@pytest.fixture
def dialled() -> Dialled:
    return Dialled()


@asynccontextmanager
async def connector(
    road: Road, base_url: str = "https://upstream.nl", networks: tuple[str, ...] = ()
) -> AsyncIterator[Any]:
    settings = ConnectorSettings(base_url=base_url, private_networks=networks)
    limits = Limits(attempts=1, timeout=5.0, deadline=10.0)
    client = open_client(settings, limits, Runtime(transport=lambda: Network(road=road)))
    try:
        yield client
    finally:
        await client.aclose()


async def refused(road: Road, **settings: Any) -> str:
    async with connector(road, **settings) as client:
        with pytest.raises(MisconfiguredError) as caught:
            await client.send("GET", "/x")
    return str(caught.value)


@pytest.mark.parametrize("host", [*MISSPELT.values(), *NOBODY.values()], ids=[*MISSPELT, *NOBODY])
async def test_no_spelling_of_an_inside_address_is_dialled(dialled: Dialled, host: str) -> None:
    """[S01, S13] Past the settings and the client: what the transport itself lets through."""
    names = Names([["127.0.0.1"]])
    told = Destinations(private=NETWORKS)
    with pytest.raises(MisconfiguredError):
        await Road(names, dialled).to(Origin("https", host.strip("[]"), 443), told)
    assert dialled.to == []
    assert names.asked == []


INSIDE = [host.strip("[]") for host in [*NOBODY.values(), *PRIVATE, "127.0.0.1", "[::1]"]]


@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_that_resolves_inside_is_not_called(dialled: Dialled, inside: str) -> None:
    """[S02]"""
    await refused(Road(Names([[inside]]), dialled))
    assert dialled.to == []


async def test_a_destination_that_is_refused_is_one_line_in_the_log(
    dialled: Dialled, caplog: pytest.LogCaptureFixture
) -> None:
    why = await refused(Road(Names([["169.254.169.254"]]), dialled))
    [told] = [vars(one) for one in caplog.records if one.name == "avgate.http"]
    assert (told["msg"], told["path"], told["reason"]) == ("upstream.not_called", "/x", why)
    assert "169.254" not in repr(told)


@pytest.mark.parametrize("inside", INSIDE)
async def test_one_special_address_among_others_refuses_all(dialled: Dialled, inside: str) -> None:
    """[S04] In either order."""
    await refused(Road(Names([["93.184.216.34", inside]]), dialled))
    await refused(Road(Names([[inside, "93.184.216.34"]]), dialled))
    assert dialled.to == []


async def test_a_name_is_looked_up_once_and_what_was_judged_is_dialled(dialled: Dialled) -> None:
    """[S03] The second answer leads to loopback; nobody asks for it."""
    names = Names([["93.184.216.34", "2a01:db8::1"], ["127.0.0.1"]])
    async with connector(Road(names, dialled)) as client:
        with pytest.raises(UnavailableError):
            await client.send("GET", "/x")
        assert dialled.to == ["93.184.216.34", "2a01:db8::1"]
        assert names.asked == ["upstream.nl"]
        with pytest.raises(MisconfiguredError):  # the next connection looks it up, and judges, anew
            await client.send("GET", "/x")
    assert dialled.to == ["93.184.216.34", "2a01:db8::1"]


async def test_a_socket_that_leads_elsewhere_is_closed_unused() -> None:
    """Whatever sent it astray: a rule of the kernel, another resolver, a mistake of ours."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        async def astray(_address: Address, _port: int) -> socket.socket:
            made = socket.create_connection(("127.0.0.1", port))
            made.setblocking(False)
            return made

        road = Road(Names([["93.184.216.34"]]), astray)
        said = await refused(road, base_url=f"https://upstream.nl:{port}")
        assert "elsewhere" in said
        listening.settimeout(5)
        theirs, _ = listening.accept()
        with closing(theirs):
            theirs.settimeout(5)
            assert theirs.recv(1) == b""


async def test_a_private_network_is_called_once_it_is_listed(dialled: Dialled) -> None:
    names = Names([["10.1.2.3"]])
    said = await refused(Road(names, dialled))
    assert 'private_networks = ["10.0.0.0/8"]' in said
    async with connector(Road(names, dialled), networks=("10.1.0.0/16",)) as client:
        with pytest.raises(UnavailableError):
            await client.send("GET", "/x")
    assert dialled.to == ["10.1.2.3"]
    await refused(Road(Names([["10.2.0.1"]]), dialled), networks=("10.1.0.0/16",))


async def test_plain_http_goes_to_private_networks_only(dialled: Dialled) -> None:
    """[S06]"""
    http = {"base_url": "http://upstream.nl", "networks": ("10.0.0.0/8",)}
    await refused(Road(Names([["93.184.216.34"]]), dialled), **http)
    await refused(Road(Names([["10.0.0.1", "93.184.216.34"]]), dialled), **http)
    assert dialled.to == []


@pytest.mark.parametrize("answer", ["not an address", "127.1", "fe80::1%lo", ""])
async def test_an_answer_that_is_no_address_is_not_dialled(dialled: Dialled, answer: str) -> None:
    async with connector(Road(Names([[answer]]), dialled)) as client:
        with pytest.raises((UnavailableError, MisconfiguredError)):
            await client.send("GET", "/x")
    assert dialled.to == []


@asynccontextmanager
async def serving(
    answer: bytes, host: str = "127.0.0.1", *, times: int = 1
) -> AsyncIterator[tuple[str, list[bytes]]]:
    heads: list[bytes] = []
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        with closing(writer):
            for _ in range(times):
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(answer)
                await writer.drain()

    async with await asyncio.start_server(serve, host, 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}", heads
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_this_machine_answers_where_it_is_written(host: str) -> None:
    async with serving(ANSWER, host) as (url, heads), connector(Road(), url) as client:
        assert (await client.send("GET", "/x")).status == 200
    assert len(heads) == 1


async def test_localhost_answers_by_its_name() -> None:
    async with serving(ANSWER) as (url, _heads):
        named = url.replace("127.0.0.1", "localhost")
        async with connector(Road(), named) as client:
            assert (await client.send("GET", "/x")).status == 200


async def test_an_address_that_does_not_answer_gives_way_to_the_next() -> None:
    async with serving(ANSWER) as (url, _heads):
        names = Names([["::1", "127.0.0.1"]])  # the server listens on one of them
        async with connector(Road(names, dial), url.replace("127.0.0.1", "localhost")) as client:
            assert (await client.send("GET", "/x")).status == 200


async def test_without_a_word_about_destinations_only_public_addresses_are_called() -> None:
    """A call that no client of ours has made, such as one of a careless test or tool."""
    async with serving(ANSWER) as (url, heads), Network() as transport:
        with pytest.raises(MisconfiguredError):
            await transport.handle_async_request(httpx.Request("GET", url))
    assert heads == []


async def test_a_kept_connection_serves_only_whom_it_was_made_for() -> None:
    """[S15] A call that may go elsewhere only gets none of the connections that others left."""
    told = {"avgate.destinations": Destinations(local=frozenset({"127.0.0.1"}))}
    async with serving(ANSWER, times=2) as (url, heads), Network() as transport:
        for _ in range(2):
            answer = await transport.handle_async_request(
                httpx.Request("GET", url, extensions=told)
            )
            await answer.aread()
            await answer.aclose()
            with pytest.raises(MisconfiguredError):
                await transport.handle_async_request(httpx.Request("GET", url))
        assert len(heads) == 2  # over one connection, kept between them


REDIRECTS = {
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "loopback": "http://127.0.0.1:{port}/inside",
    "another host": "https://evil.example/",
    "the same host": "/other",
    "another scheme": "file:///etc/passwd",
    "no scheme": "//evil.example/x",
}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
@pytest.mark.parametrize("location", REDIRECTS.values(), ids=REDIRECTS)
async def test_a_redirect_is_followed_nowhere(status: int, location: str) -> None:
    """[S05] Over a real server, with another at the place that it leads to."""
    async with serving(ANSWER) as (inside, seen):
        to = location.format(port=inside.rpartition(":")[2])
        moved = f"HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        async with serving(moved.encode()) as (url, heads), connector(Road(), url) as client:
            with pytest.raises(ContractBrokenError):
                await client.send("GET", "/x")
    assert (len(heads), seen) == (1, [])


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_proxy_of_the_environment_is_not_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[S09]"""
    async with serving(ANSWER) as (proxy, seen), serving(ANSWER) as (url, heads):
        monkeypatch.setenv(name, proxy)
        async with connector(Road(), url) as client:
            await client.send("GET", "/x")
    assert (seen, len(heads)) == ([], 1)
