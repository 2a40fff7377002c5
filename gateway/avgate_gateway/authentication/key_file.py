"""The gateway's own signing key, made on first start, for as long as there is no issuer."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from avgate_gateway import key_on_disk, strict_json
from avgate_gateway.authentication.trusted_key import TrustedKey, trusted_key


class KeyFileError(Exception):
    """The key file cannot be used; the message says what to do, and shows nothing of the key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair that signs what `avgate token` makes."""

    kid: str
    key: OKPKey = field(repr=False)

    def public(self) -> TrustedKey:
        """The half that verifies, to be put in FixedKeys."""
        return trusted_key({**self.key.as_dict(private=False), "kid": self.kid})


def open_signing_key(path: Path) -> SigningKey:
    """Reads the key, or makes it; of two processes that start at once both get the same one.

    Raises KeyFileError when it cannot be read or written, or when others could read it.
    """
    try:
        if not path.exists():
            key_on_disk.create(path, _new_key())
        _check_mode(path)
        return _read(path)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; make it readable and writable") from None


def _new_key() -> bytes:
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    return orjson.dumps(key.as_dict(private=True, alg="Ed25519", use="sig"))


def _check_mode(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFileError(f"{path}: others may read this key; run chmod 600 on it")


def _read(path: Path) -> SigningKey:
    try:
        return _signing_key(strict_json.parse(path.read_bytes()))
    except (strict_json.StrictJsonError, JoseError, ValueError, TypeError, KeyError):
        advice = "move it away to get a new one"
        raise KeyFileError(f"{path}: not an Ed25519 key pair in JWK form; {advice}") from None


def _signing_key(jwk: Any) -> SigningKey:
    key = OKPKey.import_key(jwk)
    if not key.is_private or key.curve_name != "Ed25519":
        raise ValueError("not a private Ed25519 key")
    return SigningKey(str(jwk["kid"]), key)
