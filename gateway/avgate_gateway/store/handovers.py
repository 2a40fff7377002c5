"""What is to be handed over to whom, how far that is, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import metadata

handover = sa.Table(
    "handover",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("request_id", sa.String(36), nullable=False),
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("destination", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("gives_up_at", Moment, nullable=False),
    sa.Column("next_attempt_at", Moment),  # NULL at its end
    sa.Column("claim", sa.String(36)),  # whose attempt this is; by whoever delivers, for a while
    sa.Column("claimed_until", Moment),
    sa.Column("size", sa.BigInteger),  # of the sealed file, once there is one
    sa.Column("sha256", sa.String(64)),
    sa.Column("code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("delivered_at", Moment),
    sa.Column("name", sa.Text),  # of the file at the destination
    sa.Column("answer", sa.Text),  # what the destination said of it
    sa.Column("folder", sa.String(36)),  # where the sealed file lies: not every machine may see it
    sa.Index(None, "request_id"),
    sa.Index(None, "next_attempt_at"),
)


class HandoverState(StrEnum):
    """How far a handover is."""

    WAITING = "waiting"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"


_OPEN = (HandoverState.WAITING.value, HandoverState.DELIVERING.value)


@dataclass(frozen=True, slots=True)
class Handover:
    """One copy to one destination."""

    id: str
    request_id: str
    controller: str
    destination: str
    state: HandoverState
    attempts: int
    made_at: datetime
    gives_up_at: datetime
    next_attempt_at: datetime | None = None
    size: int | None = None
    sha256: str | None = None
    folder: str | None = None
    code: str | None = None
    reason: str | None = None
    delivered_at: datetime | None = None
    name: str | None = None
    answer: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state.value in _OPEN


async def add(db: Connection, made: Handover) -> None:
    row = {name: getattr(made, name) for name in _NAMES}
    await db.execute(_ADD, {**row, "state": made.state.value})


async def of_request(db: Connection, request_id: str) -> Sequence[Handover]:
    """In the order in which they were asked for."""
    return [_handover(row) for row in await db.execute(_OF_REQUEST, {"request_id": request_id})]


@dataclass(frozen=True, slots=True)
class Here:
    """What one machine may take now: what lies in its folder or in none, and what was left lying.

    `folder` is None where nothing was sealed here yet. `left_since`: whatever was due before that is
    taken wherever it lies, for the machine that sealed it does not come back to it.
    """

    folder: str | None
    now: datetime
    left_since: datetime

    def asked(self) -> dict[str, Any]:
        return {"folder_here": self.folder or "", "now": self.now, "left": self.left_since}


async def due(db: Connection, here: Here, limit: int) -> Sequence[str]:
    """Those whose time has come and that nobody is at, the longest waiting first."""
    return list((await db.execute(_DUE, {**here.asked(), "limit": limit})).scalars())


async def mark_elsewhere(db: Connection, here: Here, since: datetime, reason: str) -> int:
    """Says why what was due before a moment does not go on: it lies in another folder; how many."""
    asked = {**here.asked(), "since": since, "why": reason}
    return int((await db.execute(_ELSEWHERE, asked)).rowcount)


async def claim(
    db: Connection, handover_id: str, mine: str, here: Here, until: datetime
) -> Handover | None:
    """Takes one for an attempt; None where another was faster, or it has ended."""
    asked = {"its_id": handover_id, "mine": mine, "until": until, **here.asked()}
    row = (await db.execute(_CLAIM, asked)).first()
    return _handover(row) if row is not None else None


async def renew(db: Connection, handover_id: str, mine: str, until: datetime) -> bool:
    """Whether it is still ours, and is for longer."""
    asked = {"its_id": handover_id, "mine": mine, "until": until}
    return (await db.execute(_RENEW, asked)).first() is not None


async def change(db: Connection, handover_id: str, mine: str, **values: Any) -> bool:
    """Writes what an attempt came to; False, and nothing is written, where it is ours no more.

    That it arrived is written also where the data was destroyed while it was on its way.
    """
    plain = {n: v.value if isinstance(v, HandoverState) else v for n, v in values.items()}
    has_arrived = plain.get("state") == HandoverState.DELIVERED.value
    here = sa.and_(handover.c.id == handover_id, _WAS_MINE if has_arrived else _IS_MINE)
    statement = handover.update().where(here).values(**plain).returning(handover.c.id)
    return (await db.execute(statement, {"mine": mine})).first() is not None


async def hurry(db: Connection, handover_id: str, now: datetime) -> None:
    """Has an attempt that waits made now."""
    asked = {"its_id": handover_id, "at": now}
    await db.execute(_HURRY, asked)


async def forget(db: Connection, request_id: str) -> None:
    """Ends what is open of a request whose personal data is destroyed."""
    await db.execute(_FORGET, {"its_request_id": request_id})


async def still_open(db: Connection, ids: Collection[str]) -> Collection[str]:
    """Which of these have not ended."""
    query = sa.select(handover.c.id).where(handover.c.id.in_(ids), handover.c.state.in_(_OPEN))
    return frozenset((await db.execute(query)).scalars())


def _handover(row: Any) -> Handover:
    told = dict(zip(_NAMES, row, strict=True))
    return Handover(**{**told, "state": HandoverState(told["state"])})


_NAMES = tuple(own.name for own in fields(Handover))
_COLUMNS = tuple(handover.c[name] for name in _NAMES)
_ADD = handover.insert()
_OF_REQUEST = (
    sa.select(*_COLUMNS)
    .where(handover.c.request_id == sa.bindparam("request_id"))
    .order_by(handover.c.made_at, handover.c.id)
)
_NOBODYS = sa.or_(
    handover.c.claimed_until.is_(None), handover.c.claimed_until <= sa.bindparam("now")
)
_IS_OURS = sa.or_(
    handover.c.folder.is_(None),
    handover.c.folder == sa.bindparam("folder_here"),
    handover.c.next_attempt_at <= sa.bindparam("left"),
)
_IS_DUE = sa.and_(handover.c.next_attempt_at <= sa.bindparam("now"), _NOBODYS, _IS_OURS)
ELSEWHERE, GONE = "elsewhere", "gone"
_ELSEWHERE = (
    handover.update()
    .where(
        handover.c.next_attempt_at <= sa.bindparam("since"),
        _NOBODYS,
        ~_IS_OURS,
        sa.func.coalesce(handover.c.code, "") != ELSEWHERE,
    )
    .values(code=ELSEWHERE, reason=sa.bindparam("why"), state=HandoverState.WAITING.value)
)
_DUE = (
    sa.select(handover.c.id)
    .where(_IS_DUE)
    .order_by(handover.c.next_attempt_at)
    .limit(sa.bindparam("limit"))
)
_HERE = handover.c.id == sa.bindparam("its_id")
_CLAIM = (
    handover.update()
    .where(_HERE, _IS_DUE)
    .values(
        state=HandoverState.DELIVERING.value,
        attempts=handover.c.attempts + 1,
        claim=sa.bindparam("mine"),
        claimed_until=sa.bindparam("until"),
    )
    .returning(*_COLUMNS)
)
_IS_MINE = sa.and_(
    handover.c.claim == sa.bindparam("mine"),
    handover.c.state == HandoverState.DELIVERING.value,
)
_WAS_MINE = sa.and_(
    handover.c.claim == sa.bindparam("mine"),
    sa.or_(
        handover.c.state == HandoverState.DELIVERING.value,
        sa.and_(handover.c.state == HandoverState.FAILED.value, handover.c.code == GONE),
    ),
)
_RENEW = (
    handover.update()
    .where(_HERE, _IS_MINE)
    .values(claimed_until=sa.bindparam("until"))
    .returning(handover.c.id)
)
_HURRY = (
    handover.update()
    .where(
        _HERE,
        handover.c.state == HandoverState.WAITING.value,
        handover.c.next_attempt_at > sa.bindparam("at"),  # one that is due has waited since then
    )
    .values(next_attempt_at=sa.bindparam("at"))
)
_FORGET = (
    handover.update()
    .where(handover.c.request_id == sa.bindparam("its_request_id"), handover.c.state.in_(_OPEN))
    .values(
        state=HandoverState.FAILED.value,
        next_attempt_at=None,
        claimed_until=None,
        code=GONE,
        reason="the personal data was destroyed before it was handed over",
    )
)
