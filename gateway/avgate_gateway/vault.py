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
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from avgate_contracts.identifier import Identifier
from avgate_gateway import key_on_disk

_KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D, the size GCM is made for


class VaultError(Exception):
    """A box cannot be opened: wrong master key, changed bytes, or a key that was destroyed."""


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
        except InvalidTag:
            raise VaultError(f"the stored {context} cannot be opened; was it changed?") from None

    def digest_key(self, purpose: str) -> bytes:
        """A key of the request's own for a digest that nobody can try out once it is destroyed."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)

    def _bound(self, context: str) -> bytes:
        return f"{self._request_id}\x00{context}".encode()


class Vault:
    """Makes, wraps and unwraps the keys of requests, and the blind index of identifiers."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != _KEY_BYTES:
            raise VaultError(f"the master key must be {_KEY_BYTES} bytes")
        self._wrapping = AESGCM(_derived(master_key, b"avgate wrapping 1"))
        self._index_key = _derived(master_key, b"avgate blind index 1")

    def new_key(self, request_id: str, purpose: str) -> bytes:
        """A fresh data key, wrapped; only this vault can unwrap it, for this request and purpose."""
        nonce = os.urandom(_NONCE_BYTES)
        data_key = AESGCM.generate_key(_KEY_BYTES * 8)
        bound = f"{request_id}\x00{purpose}".encode()
        return nonce + self._wrapping.encrypt(nonce, data_key, bound)

    def box(self, wrapped: bytes | None, request_id: str, purpose: str) -> Box:
        """The box that a wrapped key opens; raises VaultError once the key was destroyed."""
        if wrapped is None:
            raise VaultError(f"the {purpose} key of request {request_id} was destroyed")
        bound = f"{request_id}\x00{purpose}".encode()
        try:
            data_key = self._wrapping.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], bound)
        except InvalidTag:
            raise VaultError("the master key does not fit this database") from None
        return Box(data_key, request_id)

    @property
    def evidence_key(self) -> bytes:
        """What entries of evidence are attested with."""
        return _derived(self._index_key, b"avgate evidence 1")

    def blind(self, controller: str, *parts: str) -> str:
        """A keyed digest: equal for equal parts within one controller, and says nothing else."""
        message = "\x00".join((controller, *parts)).encode()
        return hmac.digest(self._index_key, message, "sha256").hex()

    def reference(self, controller: str, identifiers: Iterable[Identifier]) -> str:
        """The subject's reference: the same for the same identifiers, for one controller."""
        named = sorted(f"{i.kind.value}={i.value}" for i in identifiers)
        return "s-" + self.blind(controller, "reference", *named)[:24]


def load_master_key(path: Path) -> bytes:
    """Reads the master key, making it (mode 0600) on the first start."""
    if not path.exists():
        key_on_disk.create(path, os.urandom(_KEY_BYTES))
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise VaultError(f"{path.name} can be read by others; run: chmod 600 {path.name}")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise VaultError(f"{path.name} is not a master key of {_KEY_BYTES} bytes")
    return key


def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose).derive(master)
