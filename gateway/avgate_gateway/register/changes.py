"""What a newly published list changes in the register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from avgate_contracts.register import PublishedList, PublishedProcessor
from avgate_contracts.vocabulary import Product
from avgate_gateway.register.entry import RegisterEntry, Role, folded


class ChangeKind(StrEnum):
    """What became of an entry."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """One difference; `entry` is the line as it has to stand from now on.

    `before` is None for an added entry. A removed entry keeps its line, with `last_seen` set; one
    that comes back later is added anew, so that the gap stays visible.
    """

    kind: ChangeKind
    on: datetime
    entry: RegisterEntry
    before: RegisterEntry | None = None


def merge(
    known: Sequence[RegisterEntry], published: PublishedList, on: datetime, *, controller: str
) -> tuple[RegisterChange, ...]:
    """What `published` changes for a controller, in order of name; nothing if nothing did.

    `known` may be the whole register: only this controller's entries of this provider's list are
    compared, and only those that are still named.
    """
    named = _by_name(_of_list(known, published.provider, controller))
    found = _by_name(_as_entries(known, published, on, controller))
    differences = (
        _difference(named.get(name), found.get(name), on) for name in sorted(named | found)
    )
    return tuple(change for change in differences if change is not None)


def changed_since(entries: Iterable[RegisterEntry], since: datetime) -> tuple[RegisterEntry, ...]:
    """The entries that were added or removed at or after a moment."""
    return tuple(entry for entry in entries if _latest(entry, since) >= since)


def _latest(entry: RegisterEntry, since: datetime) -> datetime:
    moments = (entry.first_seen, entry.last_seen)
    return max((moment for moment in moments if moment), default=_before(since))


def _before(moment: datetime) -> datetime:
    return datetime.min.replace(tzinfo=moment.tzinfo)


def _of_list(
    known: Iterable[RegisterEntry], provider: str, controller: str
) -> Iterator[RegisterEntry]:
    for entry in known:
        mine = entry.controller == controller and entry.provider == provider
        if mine and entry.last_seen is None:
            yield entry


def _by_name(entries: Iterable[RegisterEntry]) -> dict[str, RegisterEntry]:
    """One entry per name; a list that names a company twice gets its products put together."""
    found: dict[str, RegisterEntry] = {}
    for entry in entries:
        earlier = found.get(entry.identity)
        found[entry.identity] = entry if earlier is None else _joined(earlier, entry)
    return found


def _joined(one: RegisterEntry, other: RegisterEntry) -> RegisterEntry:
    return replace(one, products=tuple(dict.fromkeys(one.products + other.products)))


def _as_entries(
    known: Sequence[RegisterEntry], published: PublishedList, on: datetime, controller: str
) -> Iterator[RegisterEntry]:
    groups = _groups(known)
    for processor in published.processors:
        yield RegisterEntry(
            controller=controller,
            name=processor.name,
            role=Role.SUBPROCESSOR,
            product_group=_group(processor, published.provider, groups),
            products=processor.products,
            source=f"list published by {published.provider}",
            country=processor.country,
            purpose=processor.purpose,
            first_seen=on,
            provider=published.provider,
        )


def _groups(known: Iterable[RegisterEntry]) -> Mapping[str, Product]:
    """Which product group the register already files a product or a provider under."""
    pairs = ((name, entry) for entry in known for name in (*entry.products, entry.name))
    return {folded(name): entry.product_group for name, entry in pairs}


def _group(processor: PublishedProcessor, provider: str, groups: Mapping[str, Product]) -> Product:
    known = {product.value: product for product in Product} | dict(groups)
    names = (folded(name) for name in (*processor.products, provider))
    return next((known[name] for name in names if name in known), Product.GENERAL)


def _difference(
    before: RegisterEntry | None, now: RegisterEntry | None, on: datetime
) -> RegisterChange | None:
    if before is None:
        return RegisterChange(ChangeKind.ADDED, on, now) if now else None
    if now is None:
        return RegisterChange(ChangeKind.REMOVED, on, replace(before, last_seen=on), before)
    standing = replace(now, first_seen=before.first_seen, product_group=before.product_group)
    if standing == before:
        return None
    return RegisterChange(ChangeKind.CHANGED, on, standing, before)
