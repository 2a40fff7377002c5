"""Reading and writing tasks: what one connector is asked to do for one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from avgate_gateway.store.schema import item, task


class Stage(StrEnum):
    """How far a connector is with its task."""

    LOCATE = "locate"  # look for what is held; for access and export that is all there is to do
    LOCATED = "located"  # wait for the plan and its approval
    EXECUTE = "execute"  # write, item by item
    CONFIRM = "confirm"  # wait for the upstream to confirm what it accepted
    VERIFY = "verify"  # look again
    DONE = "done"
    STUCK = "stuck"  # a person has to act: `code` and `reason` say on what


@dataclass(frozen=True, slots=True)
class Task:
    """One connector's part in a request."""

    request_id: str
    connector: str
    stage: Stage
    attempts: int
    updated_at: datetime
    resume: str | None = None
    next_attempt_at: datetime | None = None
    code: str | None = None
    reason: str | None = None
    quarantined: int = 0
    tally: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] | None = None
    looked_with: str | None = None
    learned_box: bytes | None = field(default=None, repr=False)


async def add(db: AsyncConnection, request_id: str, names: Iterable[str], now: datetime) -> None:
    rows = [
        {
            "request_id": request_id,
            "connector": name,
            "stage": Stage.LOCATE.value,
            "attempts": 0,
            "quarantined": 0,
            "tally": {},
            "updated_at": now,
        }
        for name in names
    ]
    if rows:
        await db.execute(task.insert(), rows)


async def of_request(db: AsyncConnection, request_id: str) -> Sequence[Task]:
    return (await of_requests(db, [request_id])).get(request_id, [])


async def of_requests(
    db: AsyncConnection, request_ids: Sequence[str]
) -> Mapping[str, Sequence[Task]]:
    """The tasks of several requests, by request, each in the order of connector names."""
    query = task.select().where(task.c.request_id.in_(request_ids)).order_by(task.c.connector)
    found: dict[str, list[Task]] = {}
    for row in (await db.execute(query)).mappings():
        values = {**row, "stage": Stage(row["stage"])}
        found.setdefault(row["request_id"], []).append(Task(**values))
    return found


async def change(
    db: AsyncConnection, request_id: str, connector: str, now: datetime, **values: Any
) -> None:
    plain = {k: v.value if isinstance(v, Stage) else v for k, v in values.items()}
    await db.execute(
        task.update()
        .where(task.c.request_id == request_id, task.c.connector == connector)
        .values(updated_at=now, **plain)
    )


async def move(
    db: AsyncConnection, request_id: str, connector: str, stage: Stage, now: datetime, **more: Any
) -> None:
    """Goes on to a stage, with its tries counted from nought."""
    settled: dict[str, Any] = {
        "attempts": 0,
        "next_attempt_at": None,
        "code": None,
        "reason": None,
        **more,
    }
    await change(db, request_id, connector, now, stage=stage, **settled)


async def move_all(
    db: AsyncConnection,
    request_id: str,
    before: Stage,
    after: Stage,
    now: datetime,
    *,
    but_not: Iterable[str] = (),
) -> None:
    """Takes every task of a request from one stage to another, or all but some connectors'."""
    await db.execute(
        sa.update(task)
        .where(
            task.c.request_id == request_id,
            task.c.stage == before.value,
            task.c.connector.notin_(list(but_not)),
        )
        .values(stage=after.value, attempts=0, next_attempt_at=None, updated_at=now)
    )


async def forget_learned(db: AsyncConnection, request_id: str) -> None:
    """Drops what upstreams know the subject by."""
    await db.execute(task.update().where(task.c.request_id == request_id).values(learned_box=None))


async def ask_now(db: AsyncConnection, request_id: str, connector: str, now: datetime) -> None:
    """Has what a connector still owes an answer to be asked about at once."""
    await change(db, request_id, connector, now, next_attempt_at=None)
    await db.execute(
        item.update()
        .where(
            item.c.request_id == request_id,
            item.c.connector == connector,
            item.c.job.isnot(None),
            item.c.look_at > now,
        )
        .values(look_at=now)
    )
