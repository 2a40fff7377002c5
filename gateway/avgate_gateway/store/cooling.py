"""Plans that cooled off when a backup was made: whether they were withdrawn since, a restored database does not know."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store import evidence, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.evidence_schema import evidence as entry
from avgate_gateway.store.schema import OPEN, request, task

BEGINS_LATER = "plan.begins_later"


async def anew(db: Connection, controller: str, now: datetime, until: datetime) -> int:
    """Has none of a controller's begin before then that had not begun at the newest entry; how many."""
    newest = sa.select(entry.c.at).order_by(entry.c.sequence.desc()).limit(1).scalar_subquery()
    cooled = sa.select(request).where(
        request.c.controller == controller, OPEN, request.c.begins_at > newest
    )
    rows = (await db.execute(cooled)).mappings().all()
    for row in rows:
        found = requests.request_of(row)
        await requests.change(db, found.id, begins_at=until, wake_at=until)
        waits = (task.c.request_id == found.id, task.c.next_attempt_at == row["begins_at"])
        await db.execute(task.update().where(*waits).values(next_attempt_at=until))
        await evidence.note(db, now, found, BEGINS_LATER, {"begins_at": until})
    return len(rows)
