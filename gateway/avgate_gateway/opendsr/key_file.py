"""The processor's RSA key and its certificate: made on first start, unless they are given."""

from __future__ import annotations

import stat
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from avgate_gateway import key_on_disk
from avgate_gateway.logs.catalogue import CERTIFICATE_ENDED, CERTIFICATE_SELF_SIGNED
from avgate_gateway.opendsr.seal import Seal

_KEY_BITS = 3072  # as long as AES-128 is strong (NIST SP 800-57)
_LEAST_BITS = 2048
_BEGINS_EARLIER = timedelta(days=1)  # for readers whose clocks are behind
_LASTS = timedelta(days=3650)


class ProcessorKeyError(Exception):
    """Key or certificate cannot be used; the message says what to do, and shows nothing of the key."""


def open_seal(key_file: Path, certificate_file: Path, domain: str, now: datetime) -> Seal:
    """Reads key and certificate, or makes them; two processes that start at once get the same.

    Raises ProcessorKeyError if either cannot be used, if others may read the key, or if the certificate
    is another key's or another domain's.
    """
    key = _key(key_file)
    pem = _certificate(certificate_file, key, domain, now)
    return Seal(domain, key, pem)


def _key(path: Path) -> rsa.RSAPrivateKey:
    try:
        if not path.exists():
            key_on_disk.create(path, _new_key())
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ProcessorKeyError(f"{path}: others may read this key; run chmod 600 on it")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise _unusable(path, error) from None
    except (ValueError, TypeError):  # TypeError: it is encrypted
        key = None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise ProcessorKeyError(
            f"{path}: not an RSA key of at least {_LEAST_BITS} bits in PEM, without a password; "
            "move it away to get a new one"
        )
    return key


def _certificate(path: Path, key: rsa.RSAPrivateKey, domain: str, now: datetime) -> bytes:
    try:
        if not path.exists():
            key_on_disk.create(path, _self_signed(key, domain, now))
        pem = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
    except OSError as error:
        raise _unusable(path, error) from None
    except ValueError:
        raise ProcessorKeyError(f"{path}: not a certificate in PEM; {_ADVICE}") from None
    if certificate.public_key() != key.public_key():
        raise ProcessorKeyError(
            f"{path}: the certificate of another key, or those of issuers stand before it; {_ADVICE}"
        )
    if domain not in _domains(certificate):
        raise ProcessorKeyError(f"{path}: the certificate of another domain; {_ADVICE}")
    if certificate.issuer == certificate.subject:
        CERTIFICATE_SELF_SIGNED.tell()
    if certificate.not_valid_after_utc <= now:  # whoever sends is told; the others are served
        CERTIFICATE_ENDED.tell(ended_at=certificate.not_valid_after_utc.isoformat())
    return pem


_ADVICE = "give the right one, or move it away to get one that is self-signed"


def _unusable(path: Path, error: OSError) -> ProcessorKeyError:
    return ProcessorKeyError(f"{path}: {error.strerror}; make it readable and writable")


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _self_signed(key: rsa.RSAPrivateKey, domain: str, now: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Avgate OpenDSR")])
    signs = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEGINS_EARLIER)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .add_extension(signs, critical=True)
        .sign(key, SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _domains(certificate: x509.Certificate) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(map(str.lower, names.get_values_for_type(x509.DNSName)))
