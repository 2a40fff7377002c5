"""Who calls: OAuth 2 bearer tokens in the profile of RFC 9068, and the scopes they carry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avgate_gateway.authentication.caller import Caller
    from avgate_gateway.authentication.claim import InvalidTokenError
    from avgate_gateway.authentication.dependency import (
        authenticated,
        caller_of,
        install,
        is_still_authenticated,
        requires,
    )
    from avgate_gateway.authentication.key_file import KeyFileError, SigningKey, open_signing_key
    from avgate_gateway.authentication.key_set import FixedKeys, Keys, RotatingKeys, read_key_file
    from avgate_gateway.authentication.minting import mint
    from avgate_gateway.authentication.permission import ASKS_FOR_ITS_OPERATION, OF_OPERATION
    from avgate_gateway.authentication.policy import ClaimNames, TokenPolicy
    from avgate_gateway.authentication.revocation import Revocation
    from avgate_gateway.authentication.scope import MEANINGS, Scope
    from avgate_gateway.authentication.step_up import StepUp
    from avgate_gateway.authentication.verifier import Verifier, signed
else:
    _PLACES = {
        "Caller": "caller",
        "InvalidTokenError": "claim",
        "authenticated": "dependency",
        "caller_of": "dependency",
        "install": "dependency",
        "is_still_authenticated": "dependency",
        "requires": "dependency",
        "KeyFileError": "key_file",
        "SigningKey": "key_file",
        "open_signing_key": "key_file",
        "FixedKeys": "key_set",
        "Keys": "key_set",
        "RotatingKeys": "key_set",
        "read_key_file": "key_set",
        "mint": "minting",
        "ASKS_FOR_ITS_OPERATION": "permission",
        "OF_OPERATION": "permission",
        "ClaimNames": "policy",
        "TokenPolicy": "policy",
        "Revocation": "revocation",
        "MEANINGS": "scope",
        "Scope": "scope",
        "StepUp": "step_up",
        "Verifier": "verifier",
        "signed": "verifier",
    }

    def __getattr__(name: str) -> object:
        """A part on first use (PEP 562): whoever makes a token needs no web framework."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__} has no attribute {name}")
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


__all__ = [
    "ASKS_FOR_ITS_OPERATION",
    "MEANINGS",
    "OF_OPERATION",
    "Caller",
    "ClaimNames",
    "FixedKeys",
    "InvalidTokenError",
    "KeyFileError",
    "Keys",
    "Revocation",
    "RotatingKeys",
    "Scope",
    "SigningKey",
    "StepUp",
    "TokenPolicy",
    "Verifier",
    "authenticated",
    "caller_of",
    "install",
    "is_still_authenticated",
    "mint",
    "open_signing_key",
    "read_key_file",
    "requires",
    "signed",
]
