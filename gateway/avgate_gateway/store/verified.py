"""Of which items it was looked into that they are gone, so that nobody looks into it again.

What stands there later is something new: whoever stays a customer enters it under the same name.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import VERIFIED, ItemState
from avgate_gateway.store.item_statements import IS_UNVERIFIED
from avgate_gateway.store.schema import item
from avgate_gateway.store.written_out import one_of

GONE: Final = (ItemState.ERASED, ItemState.ANONYMISED, ItemState.ALREADY_GONE)
_TO_VERIFY = sa.and_(
    item.c.request_id == sa.bindparam("its_request_id"),
    item.c.connector == sa.bindparam("its_connector"),
    one_of(item.c.state, GONE),
    IS_UNVERIFIED,
)
_COUNT = sa.select(sa.func.count()).select_from(item).where(_TO_VERIFY)
_MARK = item.update().where(_TO_VERIFY).values(batch=VERIFIED)


async def outstanding(db: Connection, request_id: str, connector: str) -> int:
    """How many are said to be gone, and nobody has looked yet."""
    here = {"its_request_id": request_id, "its_connector": connector}
    return int((await db.execute(_COUNT, here)).scalar_one())


async def mark(db: Connection, request_id: str, connector: str) -> None:
    """Writes down that all that is said to be gone was looked for, and is."""
    here = {"its_request_id": request_id, "its_connector": connector}
    await db.execute(_MARK, here)
