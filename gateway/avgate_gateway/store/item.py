"""An item: one thing that an upstream holds, and how far it is on its way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.vault import Box

_REF = "item reference"
_CHANGES = "item changes"


class ItemState(StrEnum):
    """Where an item is. The first four are on the way; the rest say what became of it."""

    LOCATED = "located"
    APPROVED = "approved"
    INTENDED = "intended"  # written down before the effect; its batch is the key upstream
    PENDING = "pending"
    ERASED = "erased"
    ANONYMISED = "anonymised"
    ALREADY_GONE = "already_gone"
    SCHEDULED = "scheduled"
    RECTIFIED = "rectified"
    ALREADY_RIGHT = "already_right"
    RETAINED = "retained"
    BY_HAND = "by_hand"
    DONE_BY_HAND = "done_by_hand"
    RETURNED = "returned"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


PLAN_BYTES = 32  # of a warrant, at its beginning: the digest of the plan that the item is part of
VERIFIED = "verified"  # in the place of a batch: that it is gone was looked into, and believed
REJECTED = "rejected"  # the code of a refusal that is a person's, of the plan
KEPT_BY_PERSON = "kept_by_person"  # the code of what stays until a day by somebody's word
LEFT_TO_PEOPLE = (  # always; and an upstream's refusal that nothing looks at again
    ItemState.BY_HAND,
    ItemState.FAILED,
    ItemState.UNKNOWN,
    ItemState.RETURNED,
)
TOLD = frozenset(  # of which the upstream was told what to do, whatever it makes of that
    {
        ItemState.PENDING,
        ItemState.ERASED,
        ItemState.ANONYMISED,
        ItemState.ALREADY_GONE,
        ItemState.SCHEDULED,
        ItemState.RECTIFIED,
        ItemState.DONE_BY_HAND,
        ItemState.RETURNED,
    }
)
ON_THE_WAY = frozenset({ItemState.LOCATED, ItemState.APPROVED, ItemState.INTENDED})
UNDER_WAY = (ItemState.APPROVED, ItemState.INTENDED, ItemState.PENDING)
WATCHED = (  # at an end, which may not be the last: looked at again where they have a day for it
    ItemState.RETAINED,
    ItemState.REFUSED,
    ItemState.ERASED,
    ItemState.SCHEDULED,
    ItemState.BY_HAND,
)


@dataclass(frozen=True, slots=True)
class Item:
    """A row of an item, with its reference still sealed."""

    id: int
    request_id: str
    connector: str
    digest: str
    category: Category
    product: Product
    state: ItemState
    erasure: ErasureWay
    term_starts: datetime | None
    service_runs: bool
    upstream_version: str | None
    action: str | None
    batch: str | None
    ground: str | None
    until: date | None
    effective_from: date | None
    code: str | None
    reason: str | None
    job: str | None
    look_at: datetime | None
    looks: int
    tries: int
    ref_box: bytes | None = field(repr=False)
    changes_box: bytes | None = field(repr=False)
    warrant: bytes | None = field(default=None, repr=False)

    @property
    def is_left_to_people(self) -> bool:
        """Whether only a person can go on with it."""
        if self.state is ItemState.REFUSED:
            return self.look_at is None and self.code != REJECTED
        return self.state in LEFT_TO_PEOPLE

    def ref(self, box: Box) -> ItemRef:
        """What the connector needs to find the item again; raises VaultError if it was shed."""
        return ItemRef(
            ref=box.open(self.ref_box or b"", f"{_REF} {self.digest}").decode(),
            category=self.category,
            product=self.product,
            term_starts=self.term_starts,
            service_runs=self.service_runs,
            erasure=self.erasure,
            version=self.upstream_version,
        )

    def changes(self, box: Box) -> bytes:
        """The sealed changes of a rectification, as they were planned."""
        return box.open(self.changes_box or b"", f"{_CHANGES} {self.digest}")

    def sealed_changes(self, changes: bytes, box: Box) -> bytes:
        """Changes in the form in which the row keeps them."""
        return box.seal(changes, f"{_CHANGES} {self.digest}")


@dataclass(frozen=True, slots=True)
class Found:
    """An item as it was just located."""

    digest: str
    item: ItemRef
    changes: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Items that came to the same end, counted."""

    connector: str
    category: str
    product: str
    state: str
    code: str | None
    reason: str | None
    count: int
    ground: str | None = None
    until: date | None = None
    effective_from: date | None = None
    erasure: str | None = None


def sealed_ref(found: Found, box: Box) -> bytes:
    return box.seal(found.item.ref.encode(), f"{_REF} {found.digest}")


def sealed_changes(found: Found, box: Box) -> bytes | None:
    if found.changes is None:
        return None
    return box.seal(found.changes, f"{_CHANGES} {found.digest}")


# Members by what their columns hold: found in a fifth of the time that asking the class takes.
CATEGORIES = {member.value: member for member in Category}
PRODUCTS = {member.value: member for member in Product}
STATES = {member.value: member for member in ItemState}
ERASURES = {member.value: member for member in ErasureWay}
