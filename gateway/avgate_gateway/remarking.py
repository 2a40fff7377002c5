"""The free text of staff: what came with a request, why it was decided so, what was done by hand.

It may name the data subject. So it is sealed under the key of its request, and cannot be read any
more once that is destroyed; the chain of evidence keeps who decided what and when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from avgate_gateway.flow.context import Context
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import remarks, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.remarks import Place
from avgate_gateway.store.requests import Sealed
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, Box, VaultError

NOTE = "note"
EXTENSION = "extension"
CANCELLATION = "cancellation"


def decision(plan_digest: str) -> str:
    """The place of what was said with the decision about a plan."""
    return f"plan {plan_digest}"


def hand_task(task_id: str) -> str:
    """The place of what shows that a task was done by hand."""
    return f"hand task {task_id}"


def revealed(at: datetime) -> str:
    """The place of why somebody had to see by what the person is known."""
    return f"revealed {at.isoformat()}"


async def keep(
    db: Connection, context: Context, request_id: str, place: str, text: str | None
) -> None:
    """Seals a text under the subject's key, or that of kept items where only that is left.

    With neither, nothing about the person may be kept any more, and nothing is.
    """
    if not text:
        return
    box = next(_boxes(context, request_id, await requests.sealed(db, request_id)), None)
    if box is not None:
        await remarks.put(db, request_id, place, box.seal(text.encode(), place))


async def read(
    db: Connection,
    context: Context,
    request_ids: Collection[str],
    places: Collection[str] | None = None,
) -> Mapping[Place, str]:
    """The texts that can still be read, at these places or at all."""
    found = await remarks.of_requests(db, request_ids, places)
    boxes = {
        request_id: list(_boxes(context, request_id, await requests.sealed(db, request_id)))
        for request_id in {request_id for request_id, _ in found}
    }
    opened = {place: _opened(boxes[place[0]], sealed, place[1]) for place, sealed in found.items()}
    return {place: text for place, text in opened.items() if text is not None}


async def explained(
    db: Connection, context: Context, found: Sequence[SubjectRequest]
) -> list[SubjectRequest]:
    """The same requests, each with the reason of its extension where it has one."""
    extended = [request.id for request in found if request.extended is not None]
    texts = await read(db, context, extended, [EXTENSION]) if extended else {}
    return [replace(one, extension_reason=texts.get((one.id, EXTENSION))) for one in found]


def _boxes(context: Context, request_id: str, sealed: Sealed) -> Iterator[Box]:
    if sealed.subject_key is not None:
        yield context.vault.box(sealed.subject_key, request_id, SUBJECT_KEY)
    if sealed.retention_key is not None:
        yield context.vault.box(sealed.retention_key, request_id, RETENTION_KEY)


def _opened(boxes: Sequence[Box], sealed: bytes, place: str) -> str | None:
    for box in boxes:
        try:
            return box.open(sealed, place).decode()
        except VaultError:
            continue  # sealed under the other key, or under one that is gone
    return None
