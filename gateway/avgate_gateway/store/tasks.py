"""Reading and writing tasks: what one connector is asked to do for one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import earlier, unseen
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.earlier import LeftEarlier
from avgate_gateway.store.schema import OPEN, STUCK, item, request, task
from avgate_gateway.store.unseen import UnseenPart
from avgate_gateway.store.updating import update
from avgate_gateway.store.written_out import one_of

# In the tally of an erasure or rectification: how many records were shown, and how many were theirs
# and of a category that was not asked for.
SHOWN, LEFT_OUT = "shown", "left_out"


class Stage(StrEnum):
    """How far a connector is with its task."""

    LOCATE = "locate"  # look for what is held; for access and export that is all there is to do
    LOCATED = "located"  # wait for the plan and its approval
    EXECUTE = "execute"  # write, item by item
    CONFIRM = "confirm"  # wait for the upstream to confirm what it accepted
    VERIFY = "verify"  # look again
    DONE = "done"
    STUCK = "stuck"  # a person has to act: `code` and `reason` say on what

    @property
    def is_active(self) -> bool:
        """Whether a program has the next step."""
        return self in _ACTIVE


_ACTIVE = frozenset({Stage.LOCATE, Stage.EXECUTE, Stage.CONFIRM, Stage.VERIFY})
ASKED = frozenset({Stage.LOCATE, Stage.VERIFY, Stage.STUCK})  # who is meant may still be open


class TaskCode(StrEnum):
    """Why a task is not simply done: `reason` says it in words."""

    NOT_RELEVANT = "not_relevant"  # the operation does not concern this upstream
    CANNOT_FIND = "cannot_find"  # it knows people by nothing that is known of the subject
    UNSUPPORTED = "unsupported"  # it has no interface for this
    AMBIGUOUS = "ambiguous"  # what was given fits more than one person
    HELD_BACK = "held_back"  # it fits more than one person elsewhere
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    MISCONFIGURED = "misconfigured"
    CONTRACT_BROKEN = "contract_broken"
    FAULT = "fault"  # the connector failed in a way that no connector may
    ALTERED = "altered"  # its rows are not as they were decided on
    DONE_BY_HAND = "done_by_hand"  # a person saw to all of it


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
    code: TaskCode | None = None
    reason: str | None = None
    quarantined: int = 0
    tally: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] | None = None
    looked_with: str | None = None
    unseen: tuple[UnseenPart, ...] = ()
    left_earlier: tuple[LeftEarlier, ...] = ()
    learned_box: bytes | None = field(default=None, repr=False)
    columns_box: bytes | None = field(default=None, repr=False)
    said_two: bool | None = None

    @property
    def is_answered(self) -> bool:
        """Whether it ended without a look, or by a person's word: then `code` says all there is.

        Other codes of a task that is done are of what came later, such as a look that failed.
        """
        return self.stage is Stage.DONE and self.code in _ANSWERS


_ANSWERS = frozenset({TaskCode.NOT_RELEVANT, TaskCode.CANNOT_FIND, TaskCode.DONE_BY_HAND})


async def add(db: Connection, request: SubjectRequest, names: Iterable[str]) -> Sequence[Task]:
    """Makes a task for each of the connectors, which has yet to look."""
    made = [Task(request.id, name, Stage.LOCATE, 0, request.received_at) for name in names]
    rows = [
        {
            "request_id": request.id,
            "connector": task.connector,
            "controller": request.controller,
            "received_at": request.received_at,
            "stage": task.stage.value,
            "attempts": task.attempts,
            "quarantined": task.quarantined,
            "tally": task.tally,
            "updated_at": task.updated_at,
        }
        for task in made
    ]
    if rows:
        await db.execute(_ADD, rows)
    return made


async def of_request(db: Connection, request_id: str) -> Sequence[Task]:
    """Its tasks, in the order of connector names."""
    rows = await db.execute(_OF_REQUEST, {"request_id": request_id})
    return [_task(*row) for row in rows]


async def find(db: Connection, request_id: str, connector: str) -> Task:
    """One connector's task; raises NoResultFound where it has none."""
    here = {"request_id": request_id, "connector": connector}
    return _task(*(await db.execute(_FIND, here)).one())


async def of_requests(db: Connection, request_ids: Sequence[str]) -> Mapping[str, Sequence[Task]]:
    """The tasks of several requests, by request, each in the order of connector names."""
    found: dict[str, list[Task]] = {}
    for row in await db.execute(_OF_REQUESTS, {"request_ids": request_ids}):
        task = _task(*row)
        found.setdefault(task.request_id, []).append(task)
    return found


_SELECT = sa.select(*(task.c[own.name] for own in fields(Task)))


async def upstreams(db: Connection, request_id: str, now: datetime) -> Sequence[tuple[str, str]]:
    """The upstreams that have something to do for a request now, each by controller and connector."""
    found = await db.execute(_UPSTREAMS, {"request_id": request_id, "now": now})
    return [(controller, connector) for controller, connector in found]


async def stuck(db: Connection, controller: str) -> Mapping[str, int]:
    """How many tasks of open requests are stuck, by connector; the newest MOST are looked at."""
    found = await db.execute(_STUCK, {"controller": controller})
    return {row.connector: row[1] for row in found}


_NEWEST_STUCK = (
    sa.select(task.c.request_id, task.c.connector)
    .where(task.c.controller == sa.bindparam("controller"), STUCK)
    .order_by(task.c.received_at.desc(), task.c.request_id.desc())
    .limit(MOST)
    .subquery()
)
_STUCK = (  # one that was withdrawn keeps its task as it was, and waits for nobody
    sa.select(_NEWEST_STUCK.c.connector, sa.func.count())
    .join(request, request.c.id == _NEWEST_STUCK.c.request_id)
    .where(OPEN)
    .group_by(_NEWEST_STUCK.c.connector)
)
_ADD = task.insert()
HAS_WORK = sa.and_(  # at the moment `now`
    one_of(task.c.stage, sorted(_ACTIVE)),
    sa.or_(task.c.next_attempt_at.is_(None), task.c.next_attempt_at <= sa.bindparam("now")),
)
_UPSTREAMS = sa.select(task.c.controller, task.c.connector).where(
    task.c.request_id == sa.bindparam("request_id"), HAS_WORK
)
_OF_REQUEST = _SELECT.where(task.c.request_id == sa.bindparam("request_id")).order_by(
    task.c.connector
)
_OF_REQUESTS = _SELECT.where(
    task.c.request_id.in_(sa.bindparam("request_ids", expanding=True))
).order_by(task.c.connector)
_MOVE_ALL = (
    task.update()
    .where(
        task.c.request_id == sa.bindparam("its_request_id"),
        task.c.stage == sa.bindparam("before"),
        task.c.connector.notin_(sa.bindparam("but_not", expanding=True)),
    )
    .values(
        stage=sa.bindparam("after"),
        attempts=0,
        next_attempt_at=sa.bindparam("next_attempt_at"),
        updated_at=sa.bindparam("now"),
    )
)
_FIND = _SELECT.where(
    task.c.request_id == sa.bindparam("request_id"), task.c.connector == sa.bindparam("connector")
)


_STAGE = {member.value: member for member in Stage}  # far faster than asking the class
_CODE = {member.value: member for member in TaskCode}


def _task(*row: Any) -> Task:
    """A row of what _SELECT asks for, which are the fields in their order."""
    of, connector, stage, attempts, at, resume, then, code, reason, aside, *more = row
    tally, columns, looked_with, hidden, left, learned, named, said_two = more
    return Task(
        of, connector, _STAGE[stage], attempts, at, resume, then, _CODE[code] if code else None,
        reason, aside, tally, columns, looked_with, unseen.from_json(hidden),
        earlier.from_json(left), learned, named, said_two,
    )  # fmt: skip


async def change(
    db: Connection, request_id: str, connector: str, now: datetime, **values: Any
) -> None:
    plain: dict[str, Any] = {
        name: str(value) if isinstance(value, StrEnum) else value for name, value in values.items()
    }
    if "unseen" in plain:
        plain["unseen"] = unseen.to_json(plain["unseen"])
    if "left_earlier" in plain:
        plain["left_earlier"] = earlier.to_json(plain["left_earlier"])
    here = {"request_id": request_id, "connector": connector}
    await update(db, task, here, {"updated_at": now, **plain})


async def move(
    db: Connection, request_id: str, connector: str, stage: Stage, now: datetime, **more: Any
) -> None:
    """Goes on to a stage, with its tries counted from nought.

    Whoever is past its look has said whom it found: what it said before counts no more.
    """
    settled: dict[str, Any] = {} if stage in ASKED else {"said_two": None}
    settled |= {
        "attempts": 0,
        "next_attempt_at": None,
        "code": None,
        "reason": None,
        **more,
    }
    await change(db, request_id, connector, now, stage=stage, **settled)


async def move_all(
    db: Connection,
    request_id: str,
    before: Stage,
    after: Stage,
    now: datetime,
    *,
    but_not: Iterable[str] = (),
    next_attempt_at: datetime | None = None,
) -> None:
    """Takes every task of a request from one stage to another, or all but some connectors'."""
    asked = {
        "its_request_id": request_id,
        "before": before.value,
        "but_not": list(but_not),
        "after": after.value,
        "next_attempt_at": next_attempt_at,
        "now": now,
    }
    await db.execute(_MOVE_ALL, asked)


async def forget_learned(db: Connection, request_id: str) -> None:
    """Drops what upstreams know the subject by, and call what they know."""
    of_the_subject = {"learned_box": None, "columns": None, "columns_box": None}
    await db.execute(task.update().where(task.c.request_id == request_id).values(of_the_subject))


async def ask_now(db: Connection, request_id: str, connector: str, now: datetime) -> None:
    """Has what a connector still owes an answer to be asked about at once."""
    await change(db, request_id, connector, now, next_attempt_at=now)
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


async def is_asked_now(db: Connection, before: Task) -> bool:
    """Whether `ask_now` came since a task was read that somebody is at."""
    current = (await find(db, before.request_id, before.connector)).next_attempt_at
    return current is not None and current != before.next_attempt_at
