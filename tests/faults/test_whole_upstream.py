"""A whole upstream that is not what it should be: certificates, plain text, a wrong base address."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.thorough import some

from avgate_contracts.http import library

from .cases import Bench
from .operations import OPERATIONS
from .ruled import RuledLoop
from .stage import NAMED, Stage

NAMES = [f"{connector}/{name}" for connector, every in OPERATIONS.items() for name in every]
TALKING = [name for name in NAMES if name.endswith(("/check", "/erase"))]  # the rest is no other
UNPROVEN = ["another host", "run out", "by itself", "plain text"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates that the connectors' transport believes while the tests run."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    def server(self, host: str, *, days: int = 9, itself: bool = False) -> ssl.SSLContext:
        """A server that shows a certificate for a host, good for so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = (key, _name(host)) if itself else (self.key, self.certificate.subject)
        made = certificate(host, key.public_key(), *signer, days=days)
        path = self.folder / f"{host}{days}{itself}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(made.public_bytes(Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def certificate(
    host: str,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    *,
    days: int,
    is_authority: bool = False,
) -> x509.Certificate:
    until = datetime.now(UTC) + days * _DAY
    return (
        x509.CertificateBuilder()
        .subject_name(_name(host))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 30 * _DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(signer, SHA256())
    )


def _name(host: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("authority.test")
    made = certificate("authority.test", key.public_key(), key, name, days=20, is_authority=True)
    library.trusted().load_verify_locations(cadata=made.public_bytes(Encoding.PEM).decode())
    return Authority(key, made, tmp_path_factory.mktemp("tls"))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=RuledLoop) as made:
        yield made


async def over_tls(name: str, tls: ssl.SSLContext | None) -> tuple[frozenset[str], int]:
    """What an operation says of an upstream that it looks for under https; how many calls came."""
    connector, _, operation = name.partition("/")
    loop = asyncio.get_running_loop()
    assert isinstance(loop, RuledLoop)
    bench = Bench(Stage(connector, loop), OPERATIONS[connector][operation])
    await bench.set_up()
    stage = bench.stage
    await stage.proxy.stop()
    await stage.proxy.start(tls)
    stage.loop.names = {NAMED: _here}
    try:
        said = await bench.words_at(f"https://{NAMED}:{stage.proxy.port}")
        return said, len(stage.proxy.requests)
    finally:
        await stage.exits.aclose()


async def _here() -> str:
    return "127.0.0.1"


@pytest.mark.parametrize("name", ["operator/access", "xelion/erase", "directory/rectify"])
def test_the_right_certificate_is_believed(
    name: str, authority: Authority, runner: asyncio.Runner
) -> None:
    said, calls = runner.run(over_tls(name, authority.server(NAMED)))
    assert said == {"whole"}
    assert calls


@pytest.mark.parametrize(("name", "what"), some(product(TALKING, UNPROVEN), 2))
def test_nothing_is_said_to_a_server_that_cannot_prove_its_name(
    name: str, what: str, authority: Authority, runner: asyncio.Runner
) -> None:
    servers: dict[str, Callable[[], ssl.SSLContext | None]] = {
        "another host": lambda: authority.server("another.test"),
        "run out": lambda: authority.server(NAMED, days=-1),
        "by itself": lambda: authority.server(NAMED, itself=True),
        "plain text": lambda: None,
    }
    said, calls = runner.run(over_tls(name, servers[what]()))
    assert said == {"unavailable"}
    assert calls == 0


@pytest.mark.parametrize("name", NAMES)
def test_under_a_wrong_base_address_nothing_is_said_to_be_held_or_gone(
    name: str, runner: asyncio.Runner
) -> None:
    connector, _, operation = name.partition("/")
    loop = runner.get_loop()
    assert isinstance(loop, RuledLoop)
    bench = Bench(Stage(connector, loop), OPERATIONS[connector][operation])
    runner.run(bench.set_up())
    said = runner.run(bench.words_at(f"http://127.0.0.1:{bench.stage.proxy.port}/elsewhere"))
    runner.run(bench.stage.exits.aclose())
    assert said <= {"misconfigured", "contract_broken", "not_found", "refused", "unknown"}
