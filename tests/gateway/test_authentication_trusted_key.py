"""Of one published key: why it is not trusted, and of which size one just is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from avgate_gateway.authentication.trusted_key import (
    KeySetError,
    UnusableKeyError,
    trusted_key,
    trusted_keys,
)

from .tokens import EC, OURS, RSA, encoded, key_set, public

MODULUS = (1 << 2048) - 1


def rsa_of(modulus: int) -> dict[str, str]:
    """A public key of this modulus, whether or not anybody has the private one."""
    size = (modulus.bit_length() + 7) // 8
    return {"kty": "RSA", "kid": "k", "e": "AQAB", "n": encoded(modulus.to_bytes(size))}


USABLE: dict[str, tuple[Any, set[str]]] = {
    "Ed25519": (public(OURS.key, "k"), {"Ed25519", "EdDSA"}),
    "Ed25519 by its older name": (public(OURS.key, "k", alg="EdDSA"), {"Ed25519", "EdDSA"}),
    "P-256": (public(EC, "k"), {"ES256"}),
    "P-256 by name": (public(EC, "k", alg="ES256"), {"ES256"}),
    "RSA": (public(RSA, "k"), {"RS256", "PS256"}),
    "RSA for one algorithm": (public(RSA, "k", alg="RS256"), {"RS256"}),
    "RSA of 2048 bits": (rsa_of(MODULUS), {"RS256", "PS256"}),
    "RSA of 4096 bits": (rsa_of((1 << 4096) - 1), {"RS256", "PS256"}),
    "for signatures": (public(EC, "k", use="sig"), {"ES256"}),
}


@pytest.mark.parametrize("what", USABLE)
def test_a_key_is_good_for_its_own_algorithms(what: str) -> None:
    jwk, algorithms = USABLE[what]
    found = trusted_key(jwk)
    assert (found.kid, {*found.algorithms}) == ("k", algorithms)


UNUSABLE: dict[str, tuple[Any, str]] = {
    "no object": (["k"], "a key needs a kid"),
    "no kid": (public(EC, None), "a key needs a kid"),
    "an empty kid": (public(EC, ""), "a key needs a kid"),
    "a kid that is no text": ({**public(EC, "k"), "kid": 1}, "a key needs a kid"),
    **{
        f"with {name}": ({**public(EC, "k"), name: "AA"}, "a private key was published")
        for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
    },
    "for encryption": (public(EC, "k", use="enc"), "not for signatures"),
    "for something else": (public(EC, "k", use="wrap"), "not for signatures"),
    "RSA of 2047 bits": (rsa_of(MODULUS >> 1), "an RSA key needs 2048 bits"),
    "RSA of 1024 bits": (rsa_of((1 << 1024) - 1), "an RSA key needs 2048 bits"),
    "RSA whose modulus is no text": ({**rsa_of(MODULUS), "n": 7}, "cannot be read"),
    "RSA whose modulus is no base64": ({**rsa_of(MODULUS), "n": "A"}, "cannot be read"),
    "RSA without a modulus": ({"kty": "RSA", "kid": "k", "e": "AQAB"}, "cannot be read"),
    "a kind that sorts before": ({**public(OURS.key, "k"), "kty": "A"}, "cannot be read"),
    "an algorithm of another key": (public(EC, "k", alg="RS256"), "an algorithm"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_key_that_is_not_trusted_is_told_why(what: str) -> None:
    jwk, says = UNUSABLE[what]
    with pytest.raises(UnusableKeyError, match=says):
        trusted_key(jwk)


@pytest.mark.parametrize("kid", ["a", "m", "z"])
def test_of_two_keys_with_one_name_the_first_counts(kid: str) -> None:
    listed = key_set(public(EC, "m"), public(RSA, kid))
    assert trusted_keys(listed)["m"].algorithms == {"ES256"}
    assert len(trusted_keys(listed)) == len({"m", kid})


def test_a_set_of_65_536_bytes_is_read_and_one_more_is_not() -> None:
    listed = key_set(public(EC, "k")).ljust(65_536)
    assert list(trusted_keys(listed)) == ["k"]
    with pytest.raises(KeySetError, match="too large"):
        trusted_keys(listed + b" ")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"{", "not plain JSON"),
        (b"[]", "no list of keys"),
        (b'{"keys": {}}', "no list of keys"),
        (b'{"keys": []}', "no usable key"),
        (json.dumps({"keys": [1]}).encode(), "no usable key"),
    ],
)
def test_what_is_no_key_set_is_told_why(document: bytes, says: str) -> None:
    with pytest.raises(KeySetError, match=says):
        trusted_keys(document)
