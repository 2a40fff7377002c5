"""Decides whether a token is believed, and remembers for a minute that it was."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from avgate_gateway.authentication.caller import Caller
from avgate_gateway.authentication.claim import InvalidTokenError, caller, expiry, token_id
from avgate_gateway.authentication.compact import Compact, taken_apart
from avgate_gateway.authentication.key_set import Keys
from avgate_gateway.authentication.policy import TokenPolicy
from avgate_gateway.authentication.revocation import Revocation, nothing_is_revoked
from avgate_gateway.authentication.step_up import SignIn
from avgate_gateway.authentication.trusted_key import TrustedKey

_LONGEST = 8_192  # bytes; checked before anything reads the token
_REMEMBERED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    token_id: str
    sign_in: SignIn
    since: float
    until: float


class Verifier:
    """Verifies tokens with the keys it is given; `now` gives seconds since 1970."""

    def __init__(
        self,
        policy: TokenPolicy,
        keys: Keys,
        now: Callable[[], float],
        *,
        revocation: Revocation | None = None,
        most_remembered: int = 4_096,
    ) -> None:
        self._policy = policy
        self._keys = keys
        self._now = now
        self._revocation = revocation or Revocation(nothing_is_revoked, now)
        self._most_remembered = most_remembered
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def caller(self, token: str) -> Caller:
        """Who is calling; raises InvalidTokenError, or ProblemError (503) without keys."""
        return (await self.identified(token))[0]

    async def identified(self, token: str) -> tuple[Caller, str]:
        """Who is calling, and by which token; raises as `caller` does."""
        if len(token) > _LONGEST:
            raise InvalidTokenError(f"a token may be {_LONGEST} bytes long")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._remembered(digest) or await self._verify(token, digest)
        await self.still_believed(known.caller.client_id, known.token_id)
        return self._stepped(known), known.token_id

    def _stepped(self, known: _Verified) -> Caller:
        """Looked at each time: a sign-in gets old while its token is remembered."""
        asked, caller = self._policy.step_up, known.caller
        if asked is None or caller.scopes.isdisjoint(asked.scopes):
            return caller
        if asked.is_met(known.sign_in, self._now(), self._policy.skew_seconds):
            return caller
        return caller.without(asked)

    async def still_believed(self, client_id: str, token_id: str) -> None:
        """Raises InvalidTokenError once a client or a token was revoked."""
        await self._revocation.check(client_id, token_id)

    async def _verify(self, token: str, digest: bytes) -> _Verified:
        compact = taken_apart(token, plain_jwt=self._policy.plain_jwt)
        await _signed(token, self._keys, compact)
        now = self._now()
        until = min(now + _REMEMBERED_SECONDS, expiry(compact.claims))
        believed = caller(compact.claims, self._policy, now)
        its_id, sign_in = token_id(compact.claims, self._policy), SignIn.of(compact.claims)
        verified = _Verified(believed, its_id, sign_in, now, until)
        self._remember(digest, verified)
        return verified

    def _remembered(self, digest: bytes) -> _Verified | None:
        known = self._verified.get(digest)
        if known is None or not known.since <= self._now() < known.until:
            return None
        return known

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._verified[digest] = verified
        self._verified.move_to_end(digest)
        if len(self._verified) > self._most_remembered:
            self._verified.popitem(last=False)


async def signed(token: str, keys: Keys, types: Collection[str | None]) -> Mapping[str, Any]:
    """The claims of a token of one of these types, whose signature holds; none is checked yet.

    Raises InvalidTokenError, or ProblemError (503) without keys.
    """
    if len(token) > _LONGEST:
        raise InvalidTokenError(f"a token may be {_LONGEST} bytes long")
    return (await _signed(token, keys, taken_apart(token, types=types))).claims


async def _signed(token: str, keys: Keys, compact: Compact) -> Compact:
    key = await keys.find(compact.kid)
    if key is None:
        raise InvalidTokenError("the token is signed with a key that is not trusted")
    _check_signature(token, compact, key)
    return compact


class _AllowedOnly(jws.JWSRegistry):
    """joserfc's algorithms, without its warning about the older name of Ed25519 (RFC 9864)."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def _check_signature(token: str, compact: Compact, key: TrustedKey) -> None:
    """The algorithm must be one of the key's own: the token does not choose (RFC 8725 3.1)."""
    if compact.algorithm not in key.algorithms:
        raise InvalidTokenError("the token is signed with an algorithm that its key is not for")
    try:
        jws.deserialize_compact(token, key.key, registry=_AllowedOnly(strict_check_header=False))
    except (JoseError, ValueError):
        raise InvalidTokenError("the token's signature does not hold") from None
