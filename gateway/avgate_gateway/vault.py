"""Personal data at rest: encrypted under a key per request, found again by a keyed blind index.

A request has two data keys, each wrapped by the master key: the *subject* key for everything that
is read to answer it, destroyed some weeks after closing; and the *retention* key for the opaque
references of items that the law keeps, destroyed with the last of them.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from avgate_contracts.identifier import Identifier
from avgate_gateway.keyring import KEY_BYTES, DestroyedError, KeyRing, VaultError

__all__ = ["RETENTION_KEY", "SUBJECT_KEY", "Box", "Vault", "VaultError", "bound"]

SUBJECT_KEY = "subject"
RETENTION_KEY = "retention"
_NONCE_BYTES = 12  # NIST SP 800-38D, the size GCM is made for


@dataclass(frozen=True, slots=True)
class Box:
    """Seals and opens what belongs to one request; each place has its own context."""

    _key: bytes = field(repr=False)
    _request_id: str

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts; the same bytes in another request or another place do not open."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, plain, self._bound(context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts; raises VaultError for anything but what `seal` made for this place."""
        view = memoryview(sealed)  # a megabyte of a recording is not copied to be read
        try:
            return AESGCM(self._key).decrypt(
                view[:_NONCE_BYTES], view[_NONCE_BYTES:], self._bound(context)
            )
        except (InvalidTag, ValueError):  # too short even for a nonce
            raise VaultError(f"the stored {context} cannot be opened; was it changed?") from None

    def digest_key(self, purpose: str) -> bytes:
        """A key of the request's own for a digest that nobody can try out once it is destroyed."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)

    def _bound(self, context: str) -> bytes:
        return f"{self._request_id}\x00{context}".encode()


class Vault:
    """Makes, wraps and unwraps the keys of requests, and the blind index of identifiers."""

    def __init__(self, ring: KeyRing, index_key: bytes) -> None:
        self.ring = ring
        self._index_key = index_key

    def new_key(self, request_id: str, purpose: str) -> bytes:
        """A fresh data key, wrapped; only this vault can unwrap it, for this request and purpose."""
        return self.ring.wrap(AESGCM.generate_key(KEY_BYTES * 8), bound(request_id, purpose))

    def box(self, wrapped: bytes | None, request_id: str, purpose: str) -> Box:
        """The box that a wrapped key opens; raises DestroyedError once the key was destroyed."""
        if wrapped is None:
            raise DestroyedError(f"the {purpose} key of request {request_id} was destroyed")
        return Box(self.ring.unwrap(wrapped, bound(request_id, purpose)), request_id)

    @property
    def evidence_key(self) -> bytes:
        """What entries of evidence are attested with."""
        return _derived(self._index_key, b"avgate evidence 1")

    @property
    def sign_in_key(self) -> bytes:
        """What a sign-in to the console is sealed with while somebody is at their provider."""
        return _derived(self._index_key, b"avgate sign-in 1")

    def blind(self, controller: str, *parts: str) -> str:
        """A keyed digest: equal for equal parts within one controller, and says nothing else."""
        message = "\x00".join((controller, *parts)).encode()
        return hmac.digest(self._index_key, message, "sha256").hex()

    def reference(self, controller: str, identifiers: Iterable[Identifier]) -> str:
        """The subject's reference: the same for the same identifiers, for one controller."""
        named = sorted(f"{i.kind.value}={i.value}" for i in identifiers)
        return "s-" + self.blind(controller, "reference", *named)[:24]

    def known_by(self, controller: str, identifier: Identifier) -> str:
        """The blind index by which requests are found that were made with this identifier."""
        return self.blind(controller, "known by", identifier.kind.value, identifier.value)


def bound(request_id: str, purpose: str) -> bytes:
    """What a wrapped key of a request is bound to: it opens for no other, and for nothing else."""
    return f"{request_id}\x00{purpose}".encode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(key)
