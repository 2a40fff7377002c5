"""One key, one effect: what a repeated call is answered.

By draft-ietf-httpapi-idempotency-key-header, with these choices: a key is quoted or bare, 1 to 255
printable ASCII characters; it belongs to one controller, client and operation of the API; it is
remembered for 30 days; JSON that means the same is the same whatever its spelling; only a request
that was accepted is remembered, so that a corrected one may use the key again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson

from avgate_gateway.problem import (
    IDEMPOTENCY_KEY_IN_USE,
    IDEMPOTENCY_KEY_MALFORMED,
    IDEMPOTENCY_KEY_REQUIRED,
    IDEMPOTENCY_KEY_REUSED,
    Problem,
    ProblemError,
)
from avgate_gateway.store.idempotency import Stored
from avgate_gateway.vault import Vault

_KEY = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')
_LINK = '</docs#idempotency>; rel="describedby"'


@dataclass(frozen=True, slots=True)
class Intention:
    """A caller's key and what it came with, as digests under the vault's index key."""

    scope: str
    fingerprint: str

    def replayed(self, stored: Stored) -> Stored:
        """The stored answer; raises ProblemError, 422, if the key came with something else then."""
        if stored.fingerprint != self.fingerprint:
            raise ProblemError(Problem(IDEMPOTENCY_KEY_REUSED))
        return stored


def intention(
    vault: Vault, *, controller: str, client_id: str, route: str, header: str | None, body: object
) -> Intention:
    """Reads the key; raises ProblemError, 400, if there is none that can be read."""
    if header is None:
        raise ProblemError(Problem(IDEMPOTENCY_KEY_REQUIRED, headers={"link": _LINK}))
    match = _KEY.fullmatch(header.strip())
    if match is None:
        raise ProblemError(Problem(IDEMPOTENCY_KEY_MALFORMED))
    key = match[1] or match[2]
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
    return Intention(
        scope=vault.blind(controller, "idempotency", client_id, route, key),
        fingerprint=vault.blind(controller, "fingerprint", canonical),
    )


@dataclass(slots=True)
class UnderWay:
    """The intentions that are being carried out in this process right now."""

    _fingerprints: dict[str, str] = field(default_factory=dict)

    def keep_out(self, intended: Intention) -> None:
        """Raises ProblemError, 409 or 422, while a twin is under way: its answer is not known yet."""
        first = self._fingerprints.get(intended.scope)
        if first is not None:
            same = first == intended.fingerprint
            kind = IDEMPOTENCY_KEY_IN_USE if same else IDEMPOTENCY_KEY_REUSED
            raise ProblemError(Problem(kind, headers={"retry-after": "1"} if same else {}))

    @contextmanager
    def alone(self, intended: Intention) -> Iterator[None]:
        """Is under way while the block is; raises as `keep_out` does."""
        self.keep_out(intended)
        self._fingerprints[intended.scope] = intended.fingerprint
        try:
            yield
        finally:
            del self._fingerprints[intended.scope]
