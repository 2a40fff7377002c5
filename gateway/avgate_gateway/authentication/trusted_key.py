"""Public keys that tokens may be signed with, and the algorithms each is good for."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from avgate_gateway import strict_json
from avgate_gateway.logs.catalogue import KEY_IGNORED

_LARGEST_SET = 65_536  # bytes
_LEAST_RSA_BITS = 2048
_EDWARDS = frozenset({"Ed25519", "EdDSA"})  # RFC 9864 renames the one that RFC 8037 named
_RSA = frozenset({"RS256", "PS256"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key and the only algorithms that it verifies."""

    kid: str
    key: Key
    algorithms: frozenset[str]


class KeySetError(ValueError):
    """What should be a JWK Set is none; the message shows nothing of it."""


class UnusableKeyError(ValueError):
    """A key that must not be trusted; the message says why."""


def trusted_keys(document: bytes) -> Mapping[str, TrustedKey]:
    """The usable keys of a JWK Set (RFC 7517) by their kid; unusable ones are left out and logged.

    Raises KeySetError when it is no JWK Set, or when no key in it can be used.
    """
    keys: dict[str, TrustedKey] = {}
    for position, jwk in enumerate(_listed(document)):
        try:
            key = trusted_key(jwk)
            _check_new(key, keys)
            keys[key.kid] = key
        except UnusableKeyError as error:
            KEY_IGNORED.tell(position=position, reason=str(error))
    if not keys:
        raise KeySetError("the JWK Set holds no usable key")
    return keys


def trusted_key(jwk: Any) -> TrustedKey:
    """One public key: Ed25519, P-256, or RSA of 2048 bits and more. Raises UnusableKeyError.

    Its `alg` is kept from joserfc, to which the two names of Ed25519 are two algorithms.
    """
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or not jwk["kid"]:
        raise UnusableKeyError("a key needs a kid")
    if not _PRIVATE.isdisjoint(jwk):
        raise UnusableKeyError("a private key was published, and is no longer worth anything")
    if jwk.get("use", "sig") != "sig":
        raise UnusableKeyError("the key is not for signatures")
    try:
        _check_size(jwk)
        key = JWKRegistry.import_key({name: jwk[name] for name in jwk if name != "alg"})
    except UnusableKeyError:
        raise
    except (JoseError, ValueError, TypeError, KeyError):
        raise UnusableKeyError("the key cannot be read") from None
    return TrustedKey(jwk["kid"], key, _algorithms(key, jwk.get("alg")))


def _algorithms(key: Key, named: object) -> frozenset[str]:
    possible = _possible(key)
    if named is None:
        return possible
    if named not in possible:
        raise UnusableKeyError("the key is for an algorithm that is not accepted")
    return possible if possible == _EDWARDS else frozenset({str(named)})


def _possible(key: Key) -> frozenset[str]:
    match key:
        case OKPKey() if key.curve_name == "Ed25519":
            return _EDWARDS
        case ECKey() if key.curve_name == "P-256":
            return frozenset({"ES256"})
        case RSAKey():
            return _RSA
        case _:
            raise UnusableKeyError("the key is of a kind or size that is not accepted")


def _check_size(jwk: dict[str, Any]) -> None:
    """Before joserfc sees the key: it takes a weak one, with no more than a warning."""
    if jwk.get("kty") == "RSA":
        modulus = int.from_bytes(urlsafe_b64decode(jwk["n"] + "=="))  # one too many is no mistake
        if modulus.bit_length() < _LEAST_RSA_BITS:
            raise UnusableKeyError(f"an RSA key needs {_LEAST_RSA_BITS} bits")


def _check_new(key: TrustedKey, keys: Mapping[str, TrustedKey]) -> None:
    if key.kid in keys:
        raise UnusableKeyError("another key has the same kid")


def _listed(document: bytes) -> Iterable[Any]:
    if len(document) > _LARGEST_SET:
        raise KeySetError("the JWK Set is too large")
    try:
        value = strict_json.parse(document)
    except strict_json.StrictJsonError:
        raise KeySetError("the JWK Set is not plain JSON") from None
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list):
        raise KeySetError("the JWK Set has no list of keys")
    return keys
