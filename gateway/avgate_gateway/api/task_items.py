"""Which items a task is about: what a person needs to find them, and no more of them."""

from __future__ import annotations

from collections.abc import Sequence

from avgate_contracts.record import WhyUnseen
from avgate_gateway.flow.context import Context
from avgate_gateway.retention import local_day
from avgate_gateway.store import items, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import Item
from avgate_gateway.vault import RETENTION_KEY, VaultError

MOST = 100  # items shown of one task


async def about(
    db: Connection, context: Context, task: HandTask, *, may_see: bool
) -> dict[str, object]:
    """The first items of an open task, and how many there are.

    A caller who may not see the items has no `items`; it is None once their references are destroyed.
    """
    if task.completed_at is not None or _is_of_a_part(task):
        return {"items": [], "items_total": 0}
    found, total = await items.of_hand_task(db, task, MOST)
    if not may_see:
        return {"items_total": total}
    return {"items": await _opened(db, context, task, found), "items_total": total}


def _is_of_a_part(task: HandTask) -> bool:
    """Whether a person has to ask somewhere, where nobody knows of any item yet."""
    return task.category is None and task.code == WhyUnseen.NO_INTERFACE


async def _opened(
    db: Connection, context: Context, task: HandTask, found: Sequence[Item]
) -> list[dict[str, object]] | None:
    sealed = await requests.sealed(db, task.request_id)
    try:
        box = context.vault.box(sealed.retention_key, task.request_id, RETENTION_KEY)
        return [_shown(row, row.ref(box).ref) for row in found]
    except VaultError:
        return None


def _shown(row: Item, ref: str) -> dict[str, object]:
    since = local_day(row.term_starts).isoformat() if row.term_starts else None
    return {
        "ref": ref,
        "category": row.category.value,
        "product": row.product.value,
        "since": since,
    }
