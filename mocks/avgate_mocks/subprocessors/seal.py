"""A processor's key pair, and the certificate that discovery names."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@cache
def _key(_domain: str) -> rsa.RSAPrivateKey:
    """A domain's own for as long as the process lives: a new one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Seal:
    """Signs for one domain, with a certificate signed by itself."""

    def __init__(self, domain: str, now: datetime) -> None:
        self.domain = domain
        self._key = _key(domain)
        self.certificate = self._certificate(now).public_bytes(Encoding.PEM)

    def signature(self, body: bytes) -> str:
        """RSA (PKCS #1 v1.5) with SHA-256 over the body, in base64."""
        return b64encode(self._key.sign(body, padding.PKCS1v15(), SHA256())).decode()

    def _certificate(self, now: datetime) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.domain)])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 7300 * _DAY)  # for whoever tries a clock that is ten years ahead
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(self.domain)]), critical=False)
            .sign(self._key, SHA256())
        )
