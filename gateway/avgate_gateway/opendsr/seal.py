"""Signs what the processor says, byte for byte, for one domain."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from avgate_gateway.opendsr.naming import Naming


@dataclass(frozen=True, slots=True)
class Seal:
    """The domain, the key that it signs with, and the certificate (PEM) that says so."""

    domain: str
    _key: rsa.RSAPrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)

    def signature(self, body: bytes) -> str:
        """RSA (PKCS #1 v1.5) with SHA-256 in base64: the same for the same bytes, each time."""
        return b64encode(self._key.sign(body, padding.PKCS1v15(), SHA256())).decode()

    def headers(self, body: bytes, naming: Naming) -> dict[str, str]:
        """The headers that a body goes out with."""
        return naming.signed(self.domain, self.signature(body))

    def receipt(self, content: Mapping[str, object]) -> bytes:
        """A body with `processor_signature`, which signs all the rest of it.

        The specification wants it in the body too, and does not say how a body is to sign itself.
        """
        signature = self.signature(orjson.dumps(content))
        return orjson.dumps({**content, "processor_signature": signature})
