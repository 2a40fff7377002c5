"""Which companies a connector that stands before several told of an effect (GDPR Art. 19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from avgate_contracts.connector import SupportsRecipients
from avgate_contracts.record import ItemRef
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Context
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import items, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import TOLD, ItemState
from avgate_gateway.vault import RETENTION_KEY, VaultError

_LONGEST: Final = 200
_AT_ONCE: Final = 1_000


def told_to(
    connector: object, refs: Sequence[ItemRef], rows: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, bool]]:
    """Their names and whether each confirmed, for the evidence; nothing where there is one company.

    They are written down with the effect, for nobody can ask by the items' references once those
    are destroyed.
    """
    if not can(connector, SupportsRecipients):
        return {}
    found: dict[str, bool] = {}
    for ref, row in zip(refs, rows, strict=True):
        state = ItemState(row["state"])
        name = _name(connector, ref) if state in TOLD else None
        if name is not None:
            found[name] = found.get(name, True) and state is not ItemState.PENDING
    return {"recipients": found} if found else {}


async def told_by_hand(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    task: HandTask,
    *,
    is_all: bool = True,
) -> dict[str, dict[str, bool]]:
    """Whom a person told who did this task, before its items say that they are done.

    `is_all`: by all of its items, and not only by the first thousand, which are enough for a page.
    """
    connector = context.desks[request.controller].connectors.get(task.connector)
    if task.category is None or connector is None or not can(connector, SupportsRecipients):
        return {}
    key = (await requests.sealed(db, request.id)).retention_key
    box = context.vault.box(key, request.id, RETENTION_KEY)
    told: dict[str, bool] = {}
    found, _ = await items.of_hand_task(db, task, _AT_ONCE)
    while found:
        try:
            refs = [one.ref(box) for one in found]
        except VaultError:
            return {}
        rows = [{"state": ItemState.DONE_BY_HAND}] * len(refs)
        told |= told_to(connector, refs, rows).get("recipients", {})
        if not is_all or len(found) < _AT_ONCE:
            break
        found, _ = await items.of_hand_task(db, task, _AT_ONCE, found[-1].id)
    return {"recipients": told} if told else {}


def _name(connector: SupportsRecipients, ref: ItemRef) -> str | None:
    """What the connector says; the effect is done, and a fault in naming it must not undo that."""
    try:
        name = connector.recipient(ref)
    except Exception:  # noqa: BLE001 -- a partner's code: the letter names the system instead
        return None
    return name[:_LONGEST] if isinstance(name, str) and name.strip() else None
