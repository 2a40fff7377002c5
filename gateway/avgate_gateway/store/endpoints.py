"""How it goes with those who are sent to: since when one fails, until when it pauses, whether it is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.deliveries import Place
from avgate_gateway.store.delivery_schema import endpoint

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Standing:
    """How it goes with one endpoint; nothing is written of one that never failed."""

    failing_since: datetime | None = None
    paused_until: datetime | None = None
    disabled_at: datetime | None = None
    reason: str | None = None


async def all_of(db: Connection, controller: str | None = None) -> Mapping[Place, Standing]:
    """Every endpoint of which anything is written, or those of one controller."""
    query = endpoint.select()
    if controller is not None:
        query = query.where(endpoint.c.controller == controller)
    found = (await db.execute(query)).mappings()
    return {
        (row["controller"], row["name"]): Standing(
            **{name: row[name] for name in Standing.__slots__}
        )
        for row in found
    }


async def succeeded(db: Connection, place: Place) -> None:
    """Forgets that it failed."""
    await db.execute(_WELL, {"the_controller": place[0], "the_name": place[1]})


async def failed(db: Connection, place: Place, now: datetime, pause: datetime | None) -> datetime:
    """Notes that it fails, and how long it is to be left alone; since when it has failed."""
    values = {"controller": place[0], "name": place[1], "failing_since": now, "paused_until": pause}
    made = _INSERT[db.dialect.name](endpoint).values(**values)
    kept: dict[str, Any] = {
        "failing_since": sa.func.coalesce(endpoint.c.failing_since, now_of(now))
    }
    if pause is not None:
        kept["paused_until"] = made.excluded.paused_until
    written = made.on_conflict_do_update(
        index_elements=[endpoint.c.controller, endpoint.c.name], set_=kept
    ).returning(endpoint.c.failing_since)
    since: datetime = (await db.execute(written)).scalar_one()
    return since


def now_of(now: datetime) -> sa.BindParameter[datetime]:
    return sa.literal(now, endpoint.c.failing_since.type)


async def stays_disabled(db: Connection, place: Place) -> bool:
    """Whether nothing is sent there, and will not be before this transaction ends."""
    here = {"the_controller": place[0], "the_name": place[1]}
    return (await db.execute(_IS_DISABLED, here)).first() is not None


async def disable(db: Connection, place: Place, now: datetime, reason: str) -> bool:
    """Sends nothing more there; whether that is new."""
    here = {"the_controller": place[0], "the_name": place[1], "now": now, "why": reason}
    return bool((await db.execute(_DISABLE, here)).rowcount)


async def enable(db: Connection, place: Place) -> bool:
    """Sends there again; whether it was disabled."""
    here = {"the_controller": place[0], "the_name": place[1]}
    return bool((await db.execute(_ENABLE, here)).rowcount)


_HERE = sa.and_(
    endpoint.c.controller == sa.bindparam("the_controller"),
    endpoint.c.name == sa.bindparam("the_name"),
)
_IS_DISABLED = (
    sa.select(endpoint.c.name).where(_HERE, endpoint.c.disabled_at.isnot(None)).with_for_update()
)
_WELL = (
    endpoint.update()
    .where(_HERE, endpoint.c.failing_since.isnot(None))
    .values(failing_since=None, paused_until=None)
)
_DISABLE = (
    endpoint.update()
    .where(_HERE, endpoint.c.disabled_at.is_(None))
    .values(disabled_at=sa.bindparam("now"), reason=sa.bindparam("why"))
)
_ENABLE = (
    endpoint.update()
    .where(_HERE, endpoint.c.disabled_at.isnot(None))
    .values(disabled_at=None, reason=None, failing_since=None, paused_until=None)
)
