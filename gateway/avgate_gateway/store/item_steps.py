"""Steps that many items take together, each by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Category
from avgate_gateway.store import items
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.hand_tasks import HandTask, Kept
from avgate_gateway.store.item import KEPT_BY_PERSON, REJECTED, ItemState
from avgate_gateway.store.item_statements import IS_LOCATED, THERE
from avgate_gateway.store.left_to_people import REFUSED_FOR_GOOD, of_task
from avgate_gateway.store.schema import item, task
from avgate_gateway.store.tasks import Stage
from avgate_gateway.store.written_out import word


class Stays(NamedTuple):
    """How an item stays: on which ground, told with which sentence, its last day, and the look after it."""

    ground: str
    reason: str
    until: date
    look_at: datetime


_AT_ONCE = 5_000  # what a busy server writes in a second or two: its transactions end after fifteen
_RELEASED = {
    "retain": ItemState.RETAINED,
    "by_hand": ItemState.BY_HAND,
    "already_right": ItemState.ALREADY_RIGHT,
    "erase": ItemState.APPROVED,
    "anonymise": ItemState.APPROVED,
    "delist": ItemState.APPROVED,
    "forward": ItemState.APPROVED,
    "rectify": ItemState.APPROVED,
}

_LEFT_ALONE = ("retain", "by_hand")
_SET_GOING = sorted({state.value for state in _RELEASED.values()})


_RELEASE = (
    item.update()
    .where(
        item.c.request_id == sa.bindparam("its_request_id"),
        IS_LOCATED,
        item.c.connector.in_(  # whatever is looked for anew is no part of the plan
            sa.select(task.c.connector).where(
                task.c.request_id == sa.bindparam("its_request_id"),
                task.c.stage == word(Stage.LOCATED),
            )
        ),
        item.c.action.in_([sa.literal_column(f"'{action}'", sa.String) for action in _RELEASED]),
    )
    .values(
        state=sa.case(
            *((item.c.action == action, state.value) for action, state in _RELEASED.items())
        )
    )
)


_DROP = item.delete().where(THERE)


async def written_ahead(
    database: Database, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Writes most of many verdicts, some in each transaction; the rest, for that which makes a plan of all.

    A verdict without a plan counts for nothing: it is written anew with the next.
    """
    ahead = max(0, len(rows) - _AT_ONCE)
    for start in range(0, ahead, _AT_ONCE):
        async with database.write() as db:
            await items.change_each(db, rows[start : min(start + _AT_ONCE, ahead)])
    return rows[ahead:]


async def unplan(db: Connection, request_id: str) -> None:
    """Makes planned items unplanned again, so that a new look replaces them."""
    await db.execute(
        item.update()
        .where(item.c.request_id == request_id, item.c.state == ItemState.LOCATED.value)
        .values(action=None, look_at=None)
    )


async def release(db: Connection, request_id: str) -> None:
    """Sends every planned item its way, as the plan says."""
    await db.execute(_RELEASE, {"its_request_id": request_id})


async def unrelease(db: Connection, request_id: str) -> None:
    """Takes back what `release` did, as long as nothing was done by it."""
    await db.execute(
        item.update()
        .where(item.c.request_id == request_id, item.c.state.in_(_SET_GOING))
        .values(state=ItemState.LOCATED.value, look_at=None)
    )


async def drop(db: Connection, request_id: str, connector: str) -> None:
    """Drops all that was found there, approved or not, as long as nothing was done by it."""
    await db.execute(_DROP, {"request_id": request_id, "connector": connector})


async def reject(db: Connection, request_id: str, reason: str) -> None:
    """Ends what a rejected plan covers, and leaves alone what an earlier one set going."""
    await db.execute(
        item.update()
        .where(item.c.request_id == request_id, item.c.state == ItemState.LOCATED.value)
        .values(
            state=ItemState.REFUSED.value, code=REJECTED, reason=reason, look_at=None,
            ground=None, until=None,
        )
    )  # fmt: skip


async def try_again(
    db: Connection, request_id: str, connector: str, states: Iterable[ItemState]
) -> int:
    """Approves items again that were refused, or are in these states; returns how many.

    Not what the plan leaves to a person, or alone: no program may do that, however often it is tried.
    """
    done = await db.execute(
        item.update()
        .where(
            item.c.request_id == request_id,
            item.c.connector == connector,
            sa.or_(item.c.state.in_([state.value for state in states]), REFUSED_FOR_GOOD),
            item.c.action.notin_(_LEFT_ALONE),
            item.c.ref_box.isnot(None),
        )
        .values(
            state=ItemState.APPROVED.value, looks=0, tries=item.c.tries + 1, code=None, reason=None,
            look_at=None,
        )
    )  # fmt: skip
    return done.rowcount


async def judge_again(
    db: Connection, request_id: str, connector: str, at: datetime, but_not: Iterable[Category]
) -> int:
    """Has it judged anew what the plan left to a person, or alone, and a person has; returns how many.

    Not what no interface shows: nobody could say whether it is still there.
    """
    done = await db.execute(
        item.update()
        .where(
            item.c.request_id == request_id,
            item.c.connector == connector,
            item.c.state.in_([ItemState.BY_HAND.value, ItemState.FAILED.value]),
            item.c.action.in_(_LEFT_ALONE),
            item.c.erasure != ErasureWay.BY_HAND.value,
            item.c.category.notin_([category.value for category in but_not]),
            item.c.ref_box.isnot(None),
        )
        .values(state=ItemState.BY_HAND.value, look_at=at)
    )
    return done.rowcount


async def look_again(
    db: Connection, request_id: str, connector: str, at: datetime, most_looks: int
) -> None:
    """Has everything that is gone looked for again then; not what is to be already, or was often."""
    gone = sa.and_(
        item.c.request_id == request_id,
        item.c.connector == connector,
        item.c.state == ItemState.ERASED.value,
        item.c.look_at.is_(None),
        item.c.looks < most_looks,
    )
    await db.execute(item.update().where(gone).values(look_at=at, looks=0))


async def done_by_hand(db: Connection, task: HandTask) -> int:
    """Marks what a person says they did: what this task is about, and no other's; how many items."""
    done = {"state": ItemState.DONE_BY_HAND.value, "code": None, "reason": None, "look_at": None}
    return int((await db.execute(item.update().where(of_task(task)).values(done))).rowcount)


async def kept_by_person(db: Connection, task: HandTask, stays: Stays) -> int:
    """Marks what a person says has to stay until a day: what this task is about; how many items."""
    kept = item.update().where(of_task(task)).values(_kept(stays))
    return int((await db.execute(kept)).rowcount)


async def kept_otherwise(db: Connection, task: HandTask, before: Kept, stays: Stays) -> int:
    """Marks all of a task's kind that were said to stay in one way as kept in another; how many items."""
    same = (
        item.c.request_id == task.request_id,
        item.c.connector == task.connector,
        item.c.category == task.category,
        item.c.product == task.product,
        item.c.state == ItemState.RETAINED.value,
        item.c.code == KEPT_BY_PERSON,
        item.c.ground == before.ground,
        item.c.until == before.until,
    )
    return int((await db.execute(item.update().where(*same).values(_kept(stays)))).rowcount)


def _kept(stays: Stays) -> dict[str, Any]:
    return {"state": ItemState.RETAINED.value, "code": KEPT_BY_PERSON, **stays._asdict()}


async def shed(db: Connection, request_id: str) -> None:
    """Drops every sealed reference: nothing of this request is acted on again."""
    await db.execute(
        item.update()
        .where(item.c.request_id == request_id)
        .values(ref_box=None, changes_box=None, upstream_version=None)
    )
