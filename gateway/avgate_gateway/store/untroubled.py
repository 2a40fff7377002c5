"""What is written of a task whose upstream answered after some trouble."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import task
from avgate_gateway.store.tasks import Stage
from avgate_gateway.store.written_out import word

_UNTROUBLED = (
    task.update()
    .where(
        task.c.request_id == sa.bindparam("its_request_id"),
        task.c.connector == sa.bindparam("its_connector"),
        task.c.stage != word(Stage.STUCK),
    )
    .values(
        attempts=0, next_attempt_at=None, code=None, reason=None, updated_at=sa.bindparam("now")
    )
)


async def untroubled(db: Connection, request_id: str, connector: str, now: datetime) -> None:
    """Counts its tries from nought; not where it was held meanwhile, which its code says."""
    its = {"its_request_id": request_id, "its_connector": connector, "now": now}
    await db.execute(_UNTROUBLED, its)
