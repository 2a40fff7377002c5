"""What an upstream has to speak: TLS 1.2 or later, with ciphers that keep a secret (RFC 9325)."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from avgate_contracts import ConnectorSettings, Limits, Runtime, UnavailableError, open_client
from avgate_contracts.destination import Destinations
from avgate_contracts.http import library
from avgate_contracts.http.network import Network
from avgate_contracts.http.road import Road

ANY = "DEFAULT:@SECLEVEL=0"
NO_SECRECY = (
    "AES128-GCM-SHA256"  # the key is sent under the server's own: who gets that, reads it all
)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
Transport = Callable[[ssl.SSLContext], httpx.AsyncBaseTransport]
BOTH = pytest.mark.parametrize(
    "transport",
    [Network, lambda tls: httpx.AsyncHTTPTransport(verify=tls, trust_env=False)],
    ids=["ours", "theirs"],
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate of a server on this machine, with its key, in one file."""

    file: Path

    def server(
        self, *, highest: ssl.TLSVersion | None = None, ciphers: str = ANY
    ) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.file)
        with old_versions():
            made.minimum_version = ssl.TLSVersion.TLSv1
            if highest:
                made.maximum_version = highest
        made.set_ciphers(ciphers)
        return made

    def client(self, ciphers: str | None = None) -> ssl.SSLContext:
        """What connectors call with, but that it believes this server; with other ciphers, if any."""
        made = library.tls()
        made.load_verify_locations(self.file)
        if ciphers:
            made.set_ciphers(ciphers)
        return made


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    key = rsa.generate_private_key(65_537, 2_048)
    name = x509.Name([])
    now, week = datetime.now(UTC), timedelta(days=7)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - week)
        .not_valid_after(now + week)
        .add_extension(here, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return Shown(file)


def old_versions() -> warnings.catch_warnings[None]:
    return warnings.catch_warnings(action="ignore", category=DeprecationWarning)


@asynccontextmanager
async def serving(tls: ssl.SSLContext) -> AsyncIterator[tuple[str, list[str]]]:
    """Where a server listens, and the version in which each request was heard."""
    heard: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.append(writer.get_extra_info("ssl_object").version())
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


async def ask(base_url: str, make: Callable[[], httpx.AsyncBaseTransport]) -> int:
    client = open_client(
        ConnectorSettings(base_url=base_url), Limits(attempts=1), Runtime(transport=make)
    )
    try:
        return (await client.send("GET", "/")).status
    finally:
        await client.aclose()


@BOTH
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_a_server_of_today_is_spoken_to(
    version: str, transport: Transport, shown: Shown
) -> None:
    tls = shown.server(highest=ssl.TLSVersion[version])
    async with serving(tls) as (address, heard):
        assert await ask(address, lambda: transport(shown.client())) == 200
    assert heard == [version.replace("_", ".")]


@BOTH
async def test_an_older_one_is_told_nothing(transport: Transport, shown: Shown) -> None:
    """With every cipher allowed: nothing but the least version stands in its way."""
    with old_versions():
        tls = shown.server(highest=ssl.TLSVersion.TLSv1_1)
    async with serving(tls) as (address, heard):
        with pytest.raises(UnavailableError):
            await ask(address, lambda: transport(shown.client(ANY)))
    assert heard == []


@BOTH
async def test_nothing_is_told_under_a_cipher_without_forward_secrecy(
    transport: Transport, shown: Shown
) -> None:
    tls = shown.server(highest=ssl.TLSVersion.TLSv1_2, ciphers=NO_SECRECY)
    async with serving(tls) as (address, heard):
        with pytest.raises(UnavailableError):
            await ask(address, lambda: transport(shown.client()))
        assert await ask(address, lambda: transport(shown.client(NO_SECRECY))) == 200
    assert heard == ["TLSv1.2"]


async def test_a_certificate_that_is_not_accepted_is_told_from_an_upstream_that_is_not_there(
    shown: Shown,
) -> None:
    async with serving(shown.server()) as (address, heard):
        with pytest.raises(UnavailableError) as raised:
            await ask(address, Network)
        known = shown.client()
        elsewhere = Destinations(local=frozenset({"localhost"}))
        request = httpx.Request(
            "GET",
            address.replace("127.0.0.1", "localhost"),
            extensions={"avgate.destinations": elsewhere},
        )
        with pytest.raises(httpx.ConnectError, match=r"not accepted: it is another host's$"):
            await Network(known, Road(resolve=_here)).handle_async_request(request)
    assert str(raised.value) == (
        "the upstream did not answer (its certificate is not accepted: it is signed by itself)"
    )
    assert heard == []


async def test_a_port_without_tls_is_told_as_such() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UnavailableError, match="speaks no TLS that is known here"):
            await ask(f"https://127.0.0.1:{port}", Network)


async def _here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def test_what_connectors_call_with_is_what_was_tried() -> None:
    tried, kept = library.tls(), library.trusted()

    assert (kept.minimum_version, kept.maximum_version) == (
        tried.minimum_version,
        tried.maximum_version,
    )
    assert kept.get_ciphers() == tried.get_ciphers()
    assert kept.verify_mode is ssl.CERT_REQUIRED
    assert kept.check_hostname
