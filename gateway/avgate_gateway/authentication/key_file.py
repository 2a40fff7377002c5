"""The gateway's own signing key, made on first start, for as long as there is no issuer."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from avgate_gateway import strict_json
from avgate_gateway.authentication.trusted_key import TrustedKey, trusted_key

_OWNER_ONLY = 0o600


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
            _create(path)
        _check_mode(path)
        return _read(path)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; make it readable and writable") from None


def _create(path: Path) -> None:
    """Writes a complete file under another name and links it: nobody ever reads half a key."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_new_key())
            file.flush()
            os.fsync(file.fileno())
        _link(draft, path)
    finally:
        draft.unlink()


def _link(draft: Path, path: Path) -> None:
    """Gives the draft its name, unless another process was first, whose key then counts."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


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
