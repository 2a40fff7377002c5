"""What is mutated, and the tests that ought to see it: fast ones, for they run once for each mutant."""

from __future__ import annotations

from collections.abc import Sequence

GATEWAY, HTTP = "gateway/avgate_gateway", "contracts/avgate_contracts/http"
_PROVING = ("tests/gateway/test_examining.py", "tests/gateway/test_proving.py")
_KEYS = ("tests/gateway/test_vault.py", "tests/gateway/test_keyring.py")
MODULES: dict[str, tuple[str, Sequence[str]]] = {
    "warrant": (
        f"{GATEWAY}/warrant.py",
        ("tests/gateway/test_warrant.py", "tests/gateway/test_altered_rows.py"),
    ),
    "idempotent": (f"{GATEWAY}/idempotent.py", ("tests/gateway/test_idempotent.py",)),
    "vault": (f"{GATEWAY}/vault.py", _KEYS),
    "keyring": (f"{GATEWAY}/keyring.py", _KEYS),
    "path": (
        f"{HTTP}/path.py",
        ("tests/contracts/http/test_path.py", "tests/contracts/http/test_address.py"),
    ),
    "address": (
        f"{HTTP}/address.py",
        ("tests/contracts/http/test_address.py", "tests/contracts/http/test_path.py"),
    ),
    "plan_digest": (f"{GATEWAY}/plan/digest.py", ("tests/gateway/test_plan.py",)),
    "plan_erasure": (f"{GATEWAY}/plan/erasure.py", ("tests/gateway/test_plan.py",)),
    "plan_rectification": (
        f"{GATEWAY}/plan/rectification.py",
        ("tests/gateway/test_plan_rectification.py",),
    ),
    "retention": (
        f"{GATEWAY}/retention/decision.py",
        ("tests/gateway/test_retention.py", "tests/gateway/test_retention_pack.py"),
    ),
    "entry": (f"{GATEWAY}/proving/entry.py", _PROVING),
    "tree": (f"{GATEWAY}/proving/tree.py", _PROVING),
    "stretch": (f"{GATEWAY}/proving/stretch.py", _PROVING),
    "examination": (f"{GATEWAY}/proving/examination.py", _PROVING),
    "claim": (
        f"{GATEWAY}/authentication/claim.py",
        ("tests/gateway/test_authentication_claims.py", "tests/gateway/test_authentication.py"),
    ),
    "compact": (
        f"{GATEWAY}/authentication/compact.py",
        ("tests/gateway/test_authentication_compact.py", "tests/gateway/test_authentication.py"),
    ),
    "verifier": (
        f"{GATEWAY}/authentication/verifier.py",
        (
            "tests/gateway/test_authentication.py",
            "tests/gateway/test_authentication_memory.py",
            "tests/gateway/test_authentication_compact.py",
        ),
    ),
    "trusted_key": (
        f"{GATEWAY}/authentication/trusted_key.py",
        (
            "tests/gateway/test_authentication_trusted_key.py",
            "tests/gateway/test_authentication_keys.py",
        ),
    ),
}
