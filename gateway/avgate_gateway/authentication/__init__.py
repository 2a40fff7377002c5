"""Who calls: OAuth 2 bearer tokens in the profile of RFC 9068, and the scopes they carry."""

from __future__ import annotations

from avgate_gateway.authentication.caller import Caller
from avgate_gateway.authentication.dependency import install, requires
from avgate_gateway.authentication.key_file import KeyFileError, SigningKey, open_signing_key
from avgate_gateway.authentication.key_set import FixedKeys, Keys, RotatingKeys, read_key_file
from avgate_gateway.authentication.minting import mint
from avgate_gateway.authentication.policy import TokenPolicy
from avgate_gateway.authentication.scope import MEANINGS, Scope
from avgate_gateway.authentication.verifier import Verifier

__all__ = [
    "MEANINGS",
    "Caller",
    "FixedKeys",
    "KeyFileError",
    "Keys",
    "RotatingKeys",
    "Scope",
    "SigningKey",
    "TokenPolicy",
    "Verifier",
    "install",
    "mint",
    "open_signing_key",
    "read_key_file",
    "requires",
]
