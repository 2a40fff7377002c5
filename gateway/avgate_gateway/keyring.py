"""Master keys: the newest wraps the keys of requests, and all that are at hand unwrap them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D, the size GCM is made for
_ID_BYTES = 4
_FORMAT = b"\x01"
_HEAD = len(_FORMAT) + _ID_BYTES
# Of the first releases, which knew one master key and did not say which: nonce, key, tag.
_NAMELESS_BYTES = _NONCE_BYTES + KEY_BYTES + 16


class VaultError(Exception):
    """A box cannot be opened: wrong master key, changed bytes, or a key that was destroyed."""


class DestroyedError(VaultError):
    """The key is gone, as it was promised."""


class MasterKey:
    """One master key. Its id says which it is, and nothing of what it is."""

    __slots__ = ("_key", "_wrapping", "id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise VaultError(f"a master key must be {KEY_BYTES} bytes")
        self._key = key
        self._wrapping = AESGCM(self.derived("avgate wrapping 1"))
        self.id = self.derived("avgate key id 1")[:_ID_BYTES]

    @property
    def name(self) -> str:
        """The id as people read it."""
        return self.id.hex()

    @property
    def mark(self) -> bytes:
        """What everything begins with that this key wrapped."""
        return _FORMAT + self.id

    def derived(self, purpose: str) -> bytes:
        """A key of its own for one purpose."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self._key)

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """Wraps a key of 32 bytes, for one place only."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.mark + nonce + self._wrapping.encrypt(nonce, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """The key again; raises InvalidTag for what was changed, moved, or wrapped by another."""
        body = wrapped if len(wrapped) == _NAMELESS_BYTES else wrapped[_HEAD:]
        if len(body) != _NAMELESS_BYTES:
            raise InvalidTag
        return self._wrapping.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], bound)


class KeyRing:
    """The master keys at hand, newest first; looks for further ones where one is missing."""

    def __init__(
        self,
        keys: Sequence[MasterKey],
        look_again: Callable[[], Sequence[MasterKey]] | None = None,
    ) -> None:
        self._look_again = look_again
        self._keys: dict[bytes, MasterKey] = {}
        self._take(keys)

    @classmethod
    def of(cls, key: bytes) -> KeyRing:
        """A ring of one key."""
        return cls([MasterKey(key)])

    @property
    def newest(self) -> MasterKey:
        """The one that wraps."""
        return next(iter(self._keys.values()))

    @property
    def keys(self) -> Sequence[MasterKey]:
        """All of them, newest first."""
        return tuple(self._keys.values())

    def refresh(self) -> None:
        """Takes over what is new where the keys come from; raises VaultError, OSError."""
        if self._look_again is not None:
            self._take(self._look_again())

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """Wraps a key of 32 bytes under the newest master key, for one place only."""
        return self.newest.wrap(key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """The key that was wrapped for this place; raises VaultError."""
        try:
            if len(wrapped) == _NAMELESS_BYTES:
                return self._by_any(wrapped, bound)
            return self._named(wrapped).unwrap(wrapped, bound)
        except InvalidTag:
            raise VaultError(
                "a wrapped key cannot be opened: it was changed, or the master key does not fit "
                "this database"
            ) from None

    def which(self, wrapped: bytes, bound: bytes) -> MasterKey:
        """The master key that unwraps it; raises VaultError where there is none."""
        self.unwrap(wrapped, bound)
        for key in self.keys:
            with suppress(InvalidTag):
                key.unwrap(wrapped, bound)
                return key
        raise VaultError("the master key was withdrawn just now")

    def is_newest(self, wrapped: bytes) -> bool:
        """Whether it says that the newest master key wrapped it."""
        return len(wrapped) != _NAMELESS_BYTES and wrapped.startswith(self.newest.mark)

    def _take(self, keys: Sequence[MasterKey]) -> None:
        if not keys:
            raise VaultError("there is no master key")
        self._keys = {key.id: key for key in keys}

    def _named(self, wrapped: bytes) -> MasterKey:
        wanted = wrapped[len(_FORMAT) : _HEAD]
        if not wrapped.startswith(_FORMAT) or len(wanted) != _ID_BYTES:
            raise InvalidTag
        if wanted not in self._keys:  # another process may have taken a newer one into use
            with suppress(VaultError, OSError):
                self.refresh()
        if wanted not in self._keys:
            here = ", ".join(key.name for key in self.keys)
            raise VaultError(
                f"the master key does not fit this database: master key {wanted.hex()} is needed, "
                f"and here is {here}; restore the right one from its backup"
            )
        return self._keys[wanted]

    def _by_any(self, wrapped: bytes, bound: bytes) -> bytes:
        for key in self.keys:
            with suppress(InvalidTag):
                return key.unwrap(wrapped, bound)
        raise InvalidTag
