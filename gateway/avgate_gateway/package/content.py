"""What goes into a package, as values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from avgate_contracts.record import Json, WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product

Language: TypeAlias = Literal["nl", "en"]


class SystemOutcome(StrEnum):
    """What asking one system came to."""

    COMPLETED = "completed"
    PARTLY = "partly"
    NOTHING_HELD = "nothing_held"
    NOTHING_IN_SCOPE = "nothing_in_scope"
    NOT_SEARCHABLE = "not_searchable"
    LEFT_EARLIER = "left_earlier"
    NOT_RELEVANT = "not_relevant"
    PENDING = "pending"
    UNSUPPORTED = "unsupported"
    DONE_BY_HAND = "done_by_hand"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UnseenNote:
    """A part of a system that could not be looked into; `is_done`: a person asked there."""

    part: str
    why: WhyUnseen
    needs: Sequence[IdentifierKind] = ()
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class LeftNote:
    """What an earlier erasure left in a system and is not in this package.

    `until` is the last day on which it is kept; `is_retained` is false where a person has yet to
    remove it.
    """

    category: Category
    count: int
    is_retained: bool
    until: date | None = None


@dataclass(frozen=True, slots=True)
class SystemNote:
    """One system that was asked, named in the package even if it held nothing or failed.

    `files_gone`: how many files it listed and no longer had when they were to be copied.
    """

    connector: str
    title: str
    outcome: SystemOutcome
    reason: str = ""
    unseen: Sequence[UnseenNote] = ()
    left: Sequence[LeftNote] = ()
    files_gone: int = 0


@dataclass(frozen=True, slots=True)
class PackageHead:
    """What the package is about; `connectors` and `categories` are all that was asked for, if any.

    Both moments are aware: the page for the person shows the day in the zone they are given in,
    the manifest shows them in UTC. Raises ValueError if one has no zone, and for an operation that
    gives out nothing.
    """

    request_id: str
    operation: Operation
    controller_title: str
    language: Language
    made_at: datetime
    received_at: datetime
    notes: Sequence[SystemNote]
    connectors: Sequence[str] = ()
    categories: Sequence[Category] = ()

    def __post_init__(self) -> None:
        if self.made_at.tzinfo is None or self.received_at.tzinfo is None:
            raise ValueError("a package's moments need a time zone: pass aware datetimes")
        if self.operation not in (Operation.ACCESS, Operation.EXPORT):
            raise ValueError(f"there is no package for {self.operation}: ask for access or export")


@dataclass(frozen=True, slots=True)
class Section:
    """What one system holds of one product and category.

    `records` is called twice, once for the JSON and once for the CSV, and gives the same records
    each time. `count` is how many were collected; `columns` are the CSV's, from `columns_of`. Where
    the records are at hand as JSON, `texts` gives stretches of them, a record a line; and `tables`
    gives their rows in the dialect of the head's language, with the number of columns that a stretch
    has, which are the first of `columns`. Then neither is made again.
    """

    connector: str
    category: Category
    product: Product
    count: int
    columns: tuple[str, ...] = field(repr=False)
    records: Callable[[], AsyncIterator[Mapping[str, Json]]] = field(repr=False)
    texts: Callable[[], AsyncIterator[bytes]] | None = field(default=None, repr=False)
    tables: Callable[[], AsyncIterator[tuple[int, bytes]]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """A recording or another file. `name` is what the upstream calls it, and is not trusted."""

    connector: str
    category: Category
    name: str = field(repr=False)
    media_type: str
    chunks: Callable[[], AsyncIterator[bytes]] = field(repr=False)
