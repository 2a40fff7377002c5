"""How much of the work that people do by hand is open, late, and was done in a period."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.figures import Span
from avgate_gateway.store.schema import hand_task


async def by_hand(db: Connection, span: Span, today: date) -> tuple[int, int, int]:
    """Work by hand that is open, of that what is late, and what was done in the period."""
    left = (await db.execute(_TO_DO, {"controller": span.controller, "today": today})).one()
    done = (
        await db.execute(
            _DONE, {"controller": span.controller, "begins": span.begins, "ends": span.ends}
        )
    ).scalar_one()
    return int(left[0]), int(left[1] or 0), int(done)


_TO_DO = sa.select(
    sa.func.count(), sa.func.sum(sa.case((hand_task.c.due < sa.bindparam("today"), 1), else_=0))
).where(hand_task.c.controller == sa.bindparam("controller"), hand_task.c.completed_at.is_(None))
_DONE = sa.select(sa.func.count()).where(
    hand_task.c.controller == sa.bindparam("controller"),
    hand_task.c.completed_at >= sa.bindparam("begins"),
    hand_task.c.completed_at < sa.bindparam("ends"),
)
