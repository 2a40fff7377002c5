"""What entitles an effect: decisions that were sealed when people took them, about facts unchanged since.

Rows can be written by more than the gateway: by whoever administers the database, or a fault of the
disk. So what was decided about a request is sealed under its own key, and every planned item has a
code over all that its plan was made of. An item that does not bear it out is left alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

import orjson

from avgate_gateway.request import IdentityCheck
from avgate_gateway.retention import Action
from avgate_gateway.store.item import PLAN_BYTES, Item
from avgate_gateway.vault import Box

RECTIFY = "rectify"
_CONTEXT = "decisions"
_PURPOSE = "warrant"
_CODE_BYTES = 16
_EFFECTS = frozenset(
    {*(a.value for a in Action if a not in {Action.RETAIN, Action.BY_HAND}), RECTIFY}
)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decided about a request: how identity was verified, and which plans they approved."""

    identity: IdentityCheck | None = None
    approved: frozenset[str] = frozenset()

    def with_identity(self, check: IdentityCheck) -> Decisions:
        return replace(self, identity=check)

    def with_approval(self, plan_digest: str) -> Decisions:
        return replace(self, approved=self.approved | {plan_digest})

    def without_approvals(self) -> Decisions:
        return replace(self, approved=frozenset())

    def of_plans(self, digests: Collection[str]) -> Decisions:
        """Without the approvals of all other plans."""
        return replace(self, approved=self.approved.intersection(digests))

    def sealed(self, box: Box) -> bytes:
        check = self.identity
        told = [check.method, check.verified_by, _moment(check.verified_at)] if check else None
        content = {"identity": told, "approved": sorted(self.approved)}
        return box.seal(orjson.dumps(content), _CONTEXT)


def opened(sealed: bytes | None, box: Box) -> Decisions:
    """The decisions in a row; none where nothing is sealed. Raises VaultError if it was changed."""
    if sealed is None:
        return Decisions()
    told = orjson.loads(box.open(sealed, _CONTEXT))
    return Decisions(_check(told["identity"]), frozenset(told["approved"]))


def _check(told: list[str] | None) -> IdentityCheck | None:
    if told is None:
        return None
    method, verified_by, verified_at = told
    return IdentityCheck(method, verified_by, datetime.fromisoformat(verified_at))


@dataclass(frozen=True, slots=True)
class Warrants:
    """Issues and examines the codes of one request's items."""

    _key: bytes
    _approved: frozenset[str]

    @classmethod
    def of(cls, references: Box, decisions: Decisions | None = None) -> Warrants:
        approved = decisions.approved if decisions else frozenset[str]()
        return cls(references.digest_key(_PURPOSE), approved)

    def issued(self, plan_digest: str, facts: bytes) -> bytes:
        """The code of an item as it was planned, with the plan's digest before it."""
        plan = bytes.fromhex(plan_digest)
        return plan + self._code(plan, facts)

    def renewed(self, item: Item, facts: bytes) -> bytes:
        """The code of an item whose facts are others today, under the plan that it was part of."""
        plan = (item.warrant or b"")[:PLAN_BYTES]
        return plan + self._code(plan, facts)

    def hold(self, item: Item) -> bool:
        """Whether the item is as it was when a plan was made that somebody approved."""
        plan, code = (item.warrant or b"")[:PLAN_BYTES], (item.warrant or b"")[PLAN_BYTES:]
        facts = facts_of(item, item.action or "", item.changes_box)
        return plan.hex() in self._approved and hmac.compare_digest(code, self._code(plan, facts))

    def entitle(self, item: Item) -> bool:
        """Whether it holds, and is for an effect upstream rather than for leaving the item alone."""
        return item.action in _EFFECTS and self.hold(item)

    def _code(self, plan: bytes, facts: bytes) -> bytes:
        return hmac.digest(self._key, plan + facts, "sha256")[:_CODE_BYTES]


def facts_of(item: Item, action: str, changes_box: bytes | None = None) -> bytes:
    """A digest of all that decides what is done with an item, and of what that is."""
    facts = (
        item.connector,
        item.digest,
        item.category.value,
        item.product.value,
        item.erasure.value,
        _moment(item.term_starts) if item.term_starts else "",
        str(item.service_runs),
        action,
        sha256(changes_box).hexdigest() if changes_box else "",
    )
    return sha256("\x00".join(facts).encode()).digest()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
