"""What an upstream holds about a data subject, item by item."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Product

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Stream: TypeAlias = AbstractAsyncContextManager[AsyncIterator[bytes]]


class ErasureWay(StrEnum):
    """What erasing an item comes to in this upstream."""

    DELETE = "delete"
    ANONYMISE = "anonymise"  # the record stays, the identity in it goes
    DELIST = "delist"  # ordered now, confirmed later
    FORWARD = "forward"  # another processor is asked to erase it
    BY_HAND = "by_hand"  # there is no interface for it


@dataclass(frozen=True, slots=True)
class ItemRef:
    """One item an upstream holds, as much of it as it takes to plan and to erase it.

    `ref` is the connector's own and opaque to the gateway: it must be enough to find the item
    again without the subject. `term_starts` is the moment the retention terms run from: the call,
    or the end of the contract; None while that moment has not come or is unknown.
    `service_runs`: the service or contract the item belongs to has not ended. `version` is handed back
    as it was told, for a connector to know whether the item is still the same, and `still_held` tells
    the one that it has by now. It stays in the open beside the item, so nobody may be found by it.
    """

    ref: str = field(repr=False)
    category: Category
    product: Product
    term_starts: datetime | None = None
    service_runs: bool = False
    erasure: ErasureWay = ErasureWay.DELETE
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to a record, opened only when somebody reads it and never held whole."""

    name: str
    media_type: str
    open: Callable[[], Stream] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """One item with its content.

    `identifiers` are those of the person the item belongs to, *as the upstream says*: the gateway
    compares them with the subject's and sets aside what does not fit. `occurred_at` is when the
    item came into being, where that matters (a call). `fields` are its rectifiable values under
    their common names: every value that it has, as the upstream spells it and in its order, so
    that the wrong one of two e-mail addresses can be told from the right one. A name without a
    value is left out; a place that is empty and can be filled in has the value "", and so has each
    part that one of several addresses lacks.
    """

    item: ItemRef
    identifiers: tuple[Identifier, ...]
    data: Mapping[str, Json] = field(repr=False)
    occurred_at: datetime | None = None
    fields: Mapping[Field, tuple[str, ...]] = field(default_factory=dict, repr=False)
    attachments: tuple[Attachment, ...] = ()


class WhyUnseen(StrEnum):
    """Why a part of an upstream could not be looked into."""

    OTHER_IDENTIFIER = "other_identifier"  # it knows people by something that is not known here
    DAYS_UNKNOWN = "days_unknown"  # it was theirs on some days, and nobody says on which
    NO_INTERFACE = "no_interface"  # only a person can ask there


@dataclass(frozen=True, slots=True)
class Unseen:
    """A part of the upstream that could not be looked into: nobody knows what it holds.

    Yielded beside the records, so that "nothing held" is never said of a place that nobody looked
    at. `part` names a system, as people call it, and never a person. `needs` are the kinds of
    identifiers of which one would do. `item` stands for a part without an interface in an erasure:
    its way is BY_HAND, so it is planned and approved like any other, and a person does it.
    """

    part: str
    why: WhyUnseen
    needs: frozenset[IdentifierKind] = frozenset()
    item: ItemRef | None = None


Finding: TypeAlias = Record | Unseen


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value to put in the place of another."""

    name: Field
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What has to change in one item."""

    item: ItemRef
    changes: tuple[FieldChange, ...]
