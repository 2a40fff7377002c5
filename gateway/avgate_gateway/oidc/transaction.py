"""A sign-in under way: what the browser keeps, sealed, while somebody is at their provider."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]  # ships no types
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

LIFETIME_SECONDS = 600
_HEADER = {"alg": "dir", "enc": "A256GCM"}
_BYTES = 32


def _random() -> str:
    return secrets.token_urlsafe(_BYTES)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One sign-in; `begun_at` in seconds since 1970, `fresh` asks for a proof that is new."""

    back: str
    begun_at: int
    fresh: bool = False
    state: str = field(default_factory=_random, repr=False)
    nonce: str = field(default_factory=_random, repr=False)
    verifier: str = field(default_factory=_random, repr=False)

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636 section 4.2, S256)."""
        return str(create_s256_code_challenge(self.verifier))


@dataclass(frozen=True, slots=True)
class Sealing:
    """Seals transactions for a browser, which can neither read nor change them."""

    key: bytes = field(repr=False)

    def seal(self, transaction: Transaction) -> str:
        return jwe.encrypt_compact(_HEADER, orjson.dumps(asdict(transaction)), self._key())

    def open(self, sealed: str, now: float) -> Transaction | None:
        """The transaction; None for anything but what was sealed here within ten minutes."""
        try:
            opened = jwe.decrypt_compact(sealed, self._key(), algorithms=list(_HEADER.values()))
            found = orjson.loads(opened.plaintext or b"")
        except (JoseError, ValueError):
            return None
        made = Transaction(**{one.name: found[one.name] for one in fields(Transaction)})
        return made if -60 <= now - made.begun_at < LIFETIME_SECONDS else None

    def _key(self) -> Any:
        return OctKey.import_key(self.key)
