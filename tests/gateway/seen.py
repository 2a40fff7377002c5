"""A request as it stands in the store, with everything that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from avgate_gateway.report import Report
from avgate_gateway.reporting import reported
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import copies, hand_tasks, items, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import Item
from avgate_gateway.store.schema import lead
from avgate_gateway.store.tasks import Task

_LEADS = sa.select(lead.c.digest).where(lead.c.request_id == sa.bindparam("request_id"))


@dataclass(slots=True)
class Seen:
    """All there is of a request, read at one moment."""

    request: SubjectRequest
    sealed: requests.Sealed
    tasks: dict[str, Task]
    items: list[Item]
    hand: list[HandTask]
    has_copy: bool
    has_leads: bool
    report: Report

    @property
    def open_hand(self) -> list[HandTask]:
        return [task for task in self.hand if task.completed_at is None]

    def is_covered(self, item: Item) -> bool:
        """Whether a person has been asked to see to it."""
        kind = (item.category.value, item.product.value)
        return any(
            task.connector == item.connector
            and (task.category is None or (task.category, task.product) == kind)
            for task in self.open_hand
        )

    def where(self, item: Item) -> str:
        task = self.tasks[item.connector]
        return f"an item of {item.connector} is {item.state}, its task {task.stage} ({task.code})"


async def read(db: Connection, request_id: str) -> Seen:
    request = await requests.find(db, request_id)
    assert request is not None
    found: list[Item] = []
    while page := await items.select(db, request_id, after=found[-1].id if found else 0):
        found.extend(page)
    return Seen(
        request,
        await requests.sealed(db, request_id),
        {task.connector: task for task in await tasks.of_request(db, request_id)},
        found,
        list(await hand_tasks.of_request(db, request_id)),
        bool(await copies.shelves(db, request_id)),
        (await db.execute(_LEADS, {"request_id": request_id})).first() is not None,
        await reported(db, request),
    )
