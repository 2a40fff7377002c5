"""How OpenDSR's words and ours stand for each other, and the key that answers are signed with."""

from __future__ import annotations

import json
import stat
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import DNSName
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.logs.catalogue import CERTIFICATE_SELF_SIGNED
from avgate_gateway.opendsr import mapping
from avgate_gateway.opendsr.key_file import ProcessorKeyError, open_seal
from avgate_gateway.opendsr.mapping import RequestType, status_of
from avgate_gateway.opendsr.naming import NAMINGS, OPENDSR
from avgate_gateway.opendsr.seal import Seal
from avgate_gateway.problem import (
    GONE,
    INSUFFICIENT_SCOPE,
    INVALID_CONTENT,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    TYPES,
    UNSUPPORTED_CONTENT,
    WRONG_STATE,
    Located,
    in_opendsr,
)
from avgate_gateway.report import Ending, OutcomeWord, ReportLine
from avgate_gateway.request import EVERYTHING, Approval, State, SubjectRequest, WaitingFor
from avgate_subprocessors.models import Certificate as PeersCertificate

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOMAIN = "dsr.avgate.example"
RECEIVED = SubjectRequest(
    id="r-1", controller="libervoice", client_id="cdp", operation=Operation.ACCESS,
    state=State.RECEIVED, waiting_for=None, received_at=NOW, promised=date(2026, 3, 30),
    legal=date(2026, 4, 2), reference="s-1", identifier_kinds=("email",), language="nl",
    scope=EVERYTHING, version=1,
)  # fmt: skip
APPROVED = Approval("colleague", NOW, "0" * 64)
COOLS = replace(APPROVED, begins_at=NOW + timedelta(minutes=5))
BEGAN = replace(APPROVED, begins_at=NOW)

COPIES = [Operation.ACCESS, Operation.EXPORT]
ALL = [*COPIES, Operation.ERASE]
STATUSES: list[tuple[Operation, State, WaitingFor | None, Approval | None, str | None, str]] = [
    *((op, State.RECEIVED, None, None, None, "pending") for op in ALL),
    *((op, State.WAITING, WaitingFor.IDENTITY, None, None, "pending") for op in ALL),
    *((op, State.CLOSED, None, None, None, "completed") for op in ALL),
    *(
        (op, State.CLOSED, None, None, why, "cancelled")
        for op in ALL
        for why in ("cancelled", "rejected", "ambiguous")
    ),
    *((op, State.RUNNING, None, None, None, "in_progress") for op in COPIES),
    *((op, State.WAITING, WaitingFor.UPSTREAM, None, None, "in_progress") for op in COPIES),
    *((op, State.WAITING, WaitingFor.PERSON, None, None, "in_progress") for op in COPIES),
    (Operation.ERASE, State.RUNNING, None, None, None, "pending"),
    (Operation.ERASE, State.WAITING, WaitingFor.APPROVAL, None, None, "pending"),
    (Operation.ERASE, State.WAITING, WaitingFor.PERSON, None, None, "pending"),
    (Operation.ERASE, State.WAITING, WaitingFor.UPSTREAM, COOLS, None, "pending"),
    (Operation.ERASE, State.RUNNING, None, BEGAN, None, "in_progress"),
    (Operation.ERASE, State.RUNNING, None, APPROVED, None, "in_progress"),
    (Operation.ERASE, State.WAITING, WaitingFor.APPROVAL, APPROVED, None, "in_progress"),
    (Operation.ERASE, State.CLOSED, None, APPROVED, None, "completed"),
]


@pytest.mark.parametrize(("operation", "state", "waits", "approval", "closing", "told"), STATUSES)
def test_a_status_says_whether_anything_was_begun_and_done(
    operation: Operation,
    state: State,
    waits: WaitingFor | None,
    approval: Approval | None,
    closing: str | None,
    told: str,
) -> None:
    request = replace(
        RECEIVED, operation=operation, state=state, waiting_for=waits, approval=approval, closing=closing
    )  # fmt: skip
    assert status_of(request, NOW) == told


def test_every_type_and_every_identity_has_one_of_ours_and_back() -> None:
    assert {mapping.OPERATIONS[kind] for kind in RequestType} == {*ALL}
    assert all(mapping.TYPES[mapping.OPERATIONS[kind]] is kind for kind in RequestType)
    assert {*mapping.KINDS.values()} == {*IdentifierKind}
    assert all(mapping.IDENTITY_TYPES[kind] == name for name, kind in mapping.KINDS.items())
    assert not mapping.UNSUPPORTED & {*mapping.KINDS}
    assert {*mapping.OWN_KINDS} == {"email", "controller_customer_id"}  # of the specification's own


@pytest.mark.parametrize(
    ("ago", "counts"),
    [
        (timedelta(), True),
        (timedelta(seconds=1), True),
        (timedelta(days=31), True),
        (timedelta(days=31, seconds=1), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_days_count_from_a_moment_that_is_plausible(ago: timedelta, counts: bool) -> None:
    assert mapping.counts_from(NOW - ago, NOW) == (NOW - ago if counts else NOW)


def test_it_is_expected_by_the_end_of_the_last_day_in_amsterdam() -> None:
    assert mapping.text(mapping.expected(RECEIVED)) == "2026-03-30T23:59:59+02:00"
    extended = replace(RECEIVED, extended=date(2026, 6, 2))
    assert mapping.expected(extended).date() == date(2026, 6, 2)
    assert mapping.expected(extended, extended=False).date() == date(2026, 3, 30)
    assert mapping.text(NOW) == "2026-03-02T12:00:00Z"


def test_a_result_says_how_many_were_erased_and_how_many_stay() -> None:
    def line(word: OutcomeWord, count: int) -> ReportLine:
        return ReportLine("xelion", Category.CONTACT, Product.CLOUD, Ending(word), count)

    words = (OutcomeWord.ERASED, OutcomeWord.RETAINED, OutcomeWord.ERASED, OutcomeWord.ANONYMISED)
    fared = mapping.outcomes(
        [*(line(word, 2) for word in words), line(OutcomeWord.NOTHING_HELD, 0)]
    )
    assert fared == {"anonymised": 2, "erased": 4, "retained": 2}
    assert mapping.results_count(RequestType.ERASURE, fared) == 6
    assert mapping.results_count(RequestType.ACCESS, {"provided": 3, "by_hand": 1}) == 3


def test_the_versions_share_no_address_and_no_header() -> None:
    assert len({naming.collection for naming in NAMINGS}) == len({n.headers for n in NAMINGS}) == 2
    assert OPENDSR.signed(DOMAIN, "s") == {
        "X-OpenDSR-Processor-Domain": DOMAIN,
        "X-OpenDSR-Signature": "s",
    }


STATUS_OF_PROBLEM = {
    INVALID_CONTENT: 400, WRONG_STATE: 400, UNSUPPORTED_CONTENT: 400, NOT_FOUND: 404, GONE: 410,
    INSUFFICIENT_SCOPE: 403, TOO_MANY_REQUESTS: 429,
}  # fmt: skip


def test_every_problem_can_be_told_in_opendsrs_words() -> None:
    for kind in TYPES:
        status, members = in_opendsr.worded(kind, "", ())
        error = json.loads(json.dumps(members))["error"]
        assert error["code"] == status == STATUS_OF_PROBLEM.get(kind, status)
        assert status not in {409, 415, 422}
        assert [one["reason"] for one in error["errors"]] == [kind.slug]
        assert error["message"].startswith(kind.title)
    located = Located("is required", "#/regulation")
    _, members = in_opendsr.worded(INVALID_CONTENT, "One thing.", [located])
    told = {"domain": "Validation", "reason": "#/regulation", "message": "is required"}
    assert members["error"]["errors"] == [told]  # type: ignore[index] # members are objects to a type checker


@pytest.mark.parametrize(
    ("path", "spoken"),
    [
        ("/opendsr/requests", True),
        ("/opengdpr/discovery", True),
        ("/opendsr", False),
        ("/v1/requests", False),
        ("/v1/opendsr/requests", False),
    ],
)
def test_its_words_are_spoken_at_its_addresses(path: str, spoken: bool) -> None:
    assert in_opendsr.is_spoken_at(path) is spoken


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a key and a certificate, which take a while to make."""
    made = tmp_path_factory.mktemp("processor")
    open_seal(made / "key.pem", made / "cert.pem", DOMAIN, NOW)
    return made


def opened(folder: Path, domain: str = DOMAIN, certificate: str = "cert.pem") -> Seal:
    return open_seal(folder / "key.pem", folder / certificate, domain, NOW)


def test_the_key_is_made_once_and_is_its_owners_alone(folder: Path) -> None:
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert opened(folder).certificate == (folder / "cert.pem").read_bytes()
    assert opened(folder).signature(b"x") == opened(folder).signature(b"x")
    assert "PRIVATE" not in repr(opened(folder))


def test_the_certificate_says_for_whom_and_what_for(folder: Path) -> None:
    certificate = x509.load_pem_x509_certificate(opened(folder).certificate)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 3072
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [DOMAIN]


def test_a_receipt_signs_all_the_rest_of_itself(folder: Path) -> None:
    seal = opened(folder)
    told = json.loads(seal.receipt({"b": 1, "a": "x"}))
    signature = b64decode(told.pop("processor_signature"))
    key = x509.load_pem_x509_certificate(seal.certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    body = json.dumps(told, separators=(",", ":")).encode()
    key.verify(signature, body, padding.PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, body + b" ", padding.PKCS1v15(), SHA256())


def test_what_others_may_read_is_no_key(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "key.pem"
    copy.write_bytes((folder / "key.pem").read_bytes())
    copy.chmod(0o640)
    with pytest.raises(ProcessorKeyError, match="chmod 600"):
        opened(tmp_path)


def short() -> bytes:
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505 -- to be refused


def edwards() -> bytes:
    return _pem(ed25519.Ed25519PrivateKey.generate())


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("key", [b"", b"nonsense", short(), edwards()])
def test_what_is_no_such_key_is_not_used(key: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "key.pem").chmod(0o600)
    with pytest.raises(ProcessorKeyError, match="2048") as refused:
        opened(tmp_path)
    assert "nonsense" not in str(refused.value)
    assert (tmp_path / "key.pem").read_bytes() == key


def issued(folder: Path, *, domain: str = DOMAIN) -> tuple[bytes, x509.Certificate]:
    """A chain for the key in the folder, as an authority would give it, and the root it leads to."""
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    owns_root, owns_middle = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root = _certificate(owns_root.public_key(), "Root", "Root", owns_root, is_authority=True)
    middle = _certificate(owns_middle.public_key(), "Middle", "Root", owns_root, is_authority=True)
    own = _certificate(key.public_key(), domain, "Middle", owns_middle, is_authority=False)
    return own.public_bytes(Encoding.PEM) + middle.public_bytes(Encoding.PEM), root


def _certificate(
    key: rsa.RSAPublicKey, name: str, by: str, signs: rsa.RSAPrivateKey, *, is_authority: bool
) -> x509.Certificate:
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, by))
    usage = x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=is_authority,
        crl_sign=is_authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    if not is_authority:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return made.sign(signs, SHA256())


def test_a_certificate_of_an_authority_is_served_with_its_chain_and_fits_what_is_signed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chain, root = issued(folder)
    (folder / "issued.pem").write_bytes(chain)
    caplog.clear()
    seal = opened(folder, certificate="issued.pem")
    assert not caplog.records, "nothing to warn of"
    assert seal.certificate == chain
    own, *between = x509.load_pem_x509_certificates(seal.certificate)
    verifier = PolicyBuilder().store(Store([root])).time(NOW).build_server_verifier(DNSName(DOMAIN))
    assert verifier.verify(own, between)[-1] == root
    peers = PeersCertificate(seal.certificate)  # as our connector reads it
    assert peers.is_for(DOMAIN, NOW)
    assert peers.signed(b"body", seal.signature(b"body"))


def test_a_self_signed_certificate_is_warned_of_at_each_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(folder)
    assert [one.message for one in caplog.records] == [CERTIFICATE_SELF_SIGNED.name]


def test_issuers_before_the_certificate_are_not_taken_for_it(folder: Path) -> None:
    chain, _ = issued(folder)
    own, middle = chain.split(b"-----END CERTIFICATE-----\n")[:2]
    end = b"-----END CERTIFICATE-----\n"
    (folder / "turned.pem").write_bytes(middle + end + own + end)
    with pytest.raises(ProcessorKeyError, match="issuers stand before it"):
        opened(folder, certificate="turned.pem")
    (folder / "others.pem").write_bytes(issued(folder, domain="other.example")[0])
    with pytest.raises(ProcessorKeyError, match="another domain"):
        opened(folder, certificate="others.pem")


def test_a_certificate_of_another_domain_or_another_key_is_not_used(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProcessorKeyError, match="another domain"):
        opened(folder, "other.example")
    (folder / "torn.pem").write_bytes((folder / "cert.pem").read_bytes()[:200])
    with pytest.raises(ProcessorKeyError, match="not a certificate"):
        opened(folder, certificate="torn.pem")
    other = _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    (tmp_path / "key.pem").write_bytes(other)
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "cert.pem").write_bytes((folder / "cert.pem").read_bytes())
    with pytest.raises(ProcessorKeyError, match="another key"):
        opened(tmp_path)
