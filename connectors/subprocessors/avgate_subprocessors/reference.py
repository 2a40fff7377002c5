"""What an item's reference says: whom to ask, by which identities, and about which thing there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import avgate_contracts as sdk
from avgate_subprocessors.models import IDENTITY_KINDS, Named, ProcessorSettings

BY_HAND = "by-hand:"
IDENTITY_TYPES = {kind: name for name, kind in IDENTITY_KINDS.items()}


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask, and about which identities; OpenDSR erases all that is filed under them."""

    processor: str
    named: tuple[Named, ...] = field(repr=False)


def ref_of(target: Target, result_id: str, filed_under: Sequence[sdk.Identifier]) -> str:
    """Enough to erase it without the subject: by what it is filed under, of what was asked by.

    By a number only where there is nothing else: it may be another's when the day comes.
    """
    known = {(IDENTITY_TYPES[one.kind], one.value) for one in filed_under}
    named = [one for one in target.named if one in known] or list(target.named)
    lasting = [one for one in named if one[0] != "phone"] or named
    return json.dumps([target.processor, result_id, lasting])


def item_of(
    ref: str, processor: ProcessorSettings, way: sdk.ErasureWay = sdk.ErasureWay.FORWARD
) -> sdk.ItemRef:
    """It is kept by the terms of what its processor serves; since when, no processor tells."""
    return sdk.ItemRef(ref, sdk.Category.PROCESSOR_DATA, processor.product_group, erasure=way)


def parts_of(ref: str) -> tuple[Target, str]:
    """Whom a ref belongs to, and the id there; raises ContractBrokenError if it is not ours."""
    if ref.startswith(BY_HAND):
        return Target(ref.removeprefix(BY_HAND), ()), ""
    try:
        processor, result_id, named = json.loads(ref)
        return Target(str(processor), tuple((kind, value) for kind, value in named)), result_id
    except (TypeError, ValueError):
        raise sdk.ContractBrokenError("an item's ref is not one of this connector's") from None


def by_target(items: Iterable[sdk.ItemRef]) -> dict[Target, list[sdk.ItemRef]]:
    """The items by whom to ask, and about which identities."""
    groups: dict[Target, list[sdk.ItemRef]] = defaultdict(list)
    for item in items:
        groups[parts_of(item.ref)[0]].append(item)
    return groups
