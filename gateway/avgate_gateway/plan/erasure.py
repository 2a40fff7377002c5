"""What an erasure would do to each item, by the retention matrix in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from avgate_contracts.record import ItemRef, Json
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.plan.digest import item_digest, plan_digest
from avgate_gateway.retention import Action, Ground, GroundCode, Pack, Verdict, decide
from avgate_gateway.retention.ground import GROUNDS


class Bucket(StrEnum):
    """What a reader of an erasure plan wants to know first."""

    GOES = "goes"
    ANONYMISED = "anonymised"
    STAYS = "stays"
    BY_HAND = "by_hand"


_BUCKETS = {
    Action.ERASE: Bucket.GOES,
    Action.DELIST: Bucket.GOES,
    Action.FORWARD: Bucket.GOES,
    Action.ANONYMISE: Bucket.ANONYMISED,
    Action.RETAIN: Bucket.STAYS,
    Action.BY_HAND: Bucket.BY_HAND,
}


@dataclass(frozen=True, slots=True)
class Located:
    """An item that a connector holds; `item_id` is the gateway's own name for it.

    `after_service`: its upstream erases nothing of the kind while the service runs. `leads_on`: by
    it alone other items are found, which the request leaves out.
    """

    connector: str
    item_id: str
    item: ItemRef
    after_service: bool = False
    leads_on: bool = False


@dataclass(frozen=True, slots=True, order=True)
class _Kind:
    """What items have in common that a plan shows as one line; the order is the plan's."""

    connector: str
    category: Category
    product: Product
    action: Action
    ground: str


@dataclass(slots=True)
class _Tally:
    verdict: Verdict
    count: int = 0
    earliest: date | None = None
    latest: date | None = None

    def add(self, until: date | None) -> None:
        self.count += 1
        if until is not None:
            self.earliest = until if self.earliest is None else min(self.earliest, until)
            self.latest = until if self.latest is None else max(self.latest, until)


@dataclass(frozen=True, slots=True)
class Group:
    """Items of one connector that fare alike, and the first and last day on which their terms end.

    Both days are None where nothing stays, or stays for as long as the service runs.
    """

    connector: str
    category: Category
    product: Product
    action: Action
    ground: Ground
    rule: str | None
    count: int
    earliest: date | None
    latest: date | None

    def to_json(self) -> dict[str, Json]:
        return {
            "connector": self.connector,
            "category": self.category.value,
            "product": self.product.value,
            "action": self.action.value,
            "count": self.count,
            "ground": self.ground.code.value,
            "article": self.ground.article,
            "sentence": self.ground.sentence,
            "rule": self.rule,
            "earliest_until": self.earliest.isoformat() if self.earliest else None,
            "latest_until": self.latest.isoformat() if self.latest else None,
        }


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """The preview of an erasure; whoever approves it approves this digest, until `valid_until`."""

    request_id: str
    pack: str
    digest: str
    valid_until: datetime
    groups: tuple[Group, ...]

    def bucket(self, bucket: Bucket) -> tuple[Group, ...]:
        return tuple(group for group in self.groups if _BUCKETS[group.action] is bucket)

    def count(self, bucket: Bucket) -> int:
        return sum(group.count for group in self.bucket(bucket))

    def to_json(self) -> dict[str, Json]:
        counts: dict[str, Json] = {bucket.value: self.count(bucket) for bucket in Bucket}
        groups: dict[str, Json] = {
            bucket.value: [group.to_json() for group in self.bucket(bucket)] for bucket in Bucket
        }
        return {
            "request_id": self.request_id,
            "operation": Operation.ERASE.value,
            "retention": self.pack,
            "digest": self.digest,
            "valid_until": self.valid_until.isoformat(),
            "counts": counts,
            **groups,
        }


class PlanBuilder:
    """Adds up an erasure plan while items come in; it keeps 32 bytes of each, not the item."""

    def __init__(self, pack: Pack, now: datetime) -> None:
        self._pack = pack
        self._now = now
        self._tallies: dict[_Kind, _Tally] = {}
        self._digests: list[bytes] = []

    def add(self, located: Located) -> Verdict:
        """Judges one item and counts it in."""
        item = located.item
        verdict = decide(item, self._pack, self._now, after_service=located.after_service)
        if located.leads_on and verdict.action is not Action.RETAIN:
            verdict = Verdict(Action.BY_HAND, GROUNDS[GroundCode.LEADS_ON], None, verdict.rule)
        code = verdict.ground.code.value
        kind = _Kind(located.connector, item.category, item.product, verdict.action, code)
        self._tallies.setdefault(kind, _Tally(verdict)).add(verdict.until)
        until = verdict.until.isoformat() if verdict.until else None
        judged = [located.connector, located.item_id, verdict.action.value, code, until]
        self._digests.append(item_digest(judged))
        return verdict

    def build(self, request_id: str, valid_until: datetime) -> ErasurePlan:
        """The plan of all that was added so far."""
        pack = f"{self._pack.name} {self._pack.version}"
        digest = plan_digest([request_id, Operation.ERASE.value, pack], self._digests)
        groups = tuple(_group(kind, self._tallies[kind]) for kind in sorted(self._tallies))
        return ErasurePlan(request_id, pack, digest, valid_until, groups)


def _group(kind: _Kind, tally: _Tally) -> Group:
    ground, rule = tally.verdict.ground, tally.verdict.rule
    return Group(
        kind.connector,
        kind.category,
        kind.product,
        kind.action,
        ground,
        rule,
        tally.count,
        tally.earliest,
        tally.latest,
    )
