"""Reading and writing requests.

What is asked often is a statement made once: building and keying one takes longer than its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.notice import Event
from avgate_gateway.request import (
    Approval,
    IdentityCheck,
    Scope,
    State,
    SubjectRequest,
    WaitingFor,
)
from avgate_gateway.store.connection import HEAVY, Connection
from avgate_gateway.store.counting import MOST
from avgate_gateway.store.outbox import tell
from avgate_gateway.store.schema import request, task
from avgate_gateway.store.tasks import HAS_WORK
from avgate_gateway.store.updating import update


@dataclass(frozen=True, slots=True)
class Sealed:
    """The encrypted side of a request: its wrapped keys and its confidential part."""

    subject_key: bytes | None
    retention_key: bytes | None
    confidential: bytes | None
    plan: bytes | None = None
    decisions: bytes | None = None
    callback: bytes | None = None


async def add(db: Connection, made: SubjectRequest, sealed: Sealed) -> None:
    identity = made.identity
    row = {
        "id": made.id,
        "controller": made.controller,
        "client_id": made.client_id,
        "operation": made.operation.value,
        "state": made.state.value,
        "waiting_for": made.waiting_for.value if made.waiting_for else None,
        "received_at": made.received_at,
        "promised": made.promised,
        "legal": made.legal,
        "reference": made.reference,
        "identifier_kinds": ",".join(made.identifier_kinds),
        "language": made.language,
        "scope": _scope_json(made.scope),
        "version": made.version,
        "identity_method": identity.method if identity else None,
        "identity_by": identity.verified_by if identity else None,
        "identity_at": identity.verified_at if identity else None,
        "wake_at": made.wake_at,
        "submitter": made.submitter,
        "callback_host": made.callback_host,
        "callback_box": sealed.callback,
        "submitted_at": made.submitted_at,
        "subject_key": sealed.subject_key,
        "retention_key": sealed.retention_key,
        "confidential_box": sealed.confidential,
        "decisions_box": sealed.decisions,
    }
    await db.execute(_ADD, row)


async def find(
    db: Connection, request_id: str, controller: str | None = None
) -> SubjectRequest | None:
    """The request, if it exists and is this controller's."""
    if controller is None:
        found = await db.execute(_FIND, {"request_id": request_id})
    else:
        whose = {"request_id": request_id, "controller": controller}
        found = await db.execute(_FIND_OWN, whose)
    row = found.mappings().first()
    return request_of(row) if row else None


async def sealed(db: Connection, request_id: str) -> Sealed:
    """The encrypted side of a request that is known to exist."""
    return Sealed(*(await db.execute(_SEALED, {"request_id": request_id})).one())


async def change(db: Connection, request_id: str, **values: Any) -> None:
    """Writes columns and counts the version up, so that every change has an ETag of its own."""
    plain = {
        name: value.value if isinstance(value, State | WaitingFor) else value
        for name, value in values.items()
    }
    await update(db, request, {"id": request_id}, plain)


async def wake(db: Connection, request_id: str, at: datetime | None) -> None:
    """Has it looked at then, and not before; None: not until something happens to it."""
    await change(db, request_id, wake_at=at)


async def set_going(db: Connection, whose: SubjectRequest, now: datetime, **more: Any) -> None:
    """Has it looked at now; whoever reads it before that sees that it is under way."""
    await change(db, whose.id, state=State.RUNNING, waiting_for=None, wake_at=now, **more)
    if whose.state is not State.RUNNING:
        await tell(db, now, whose, Event.RUNNING)


async def take_up(db: Connection, whose: SubjectRequest, now: datetime) -> None:
    """Says that a request that was only received is being worked on; changes nothing of others."""
    taken = await db.execute(_TAKE_UP, {"request_id": whose.id})
    if taken.rowcount:
        await tell(db, now, whose, Event.RUNNING)


async def due(
    db: Connection,
    now: datetime,
    limit: int,
    not_of: Sequence[str] = (),
    *,
    controller: str | None = None,
    but_at: Sequence[str] = (),
    known: Sequence[str] = (),
) -> Sequence[str]:
    """A controller's requests whose time to be woken has come, the longest waiting first.

    With None, those of all controllers but the known. Not what the workers of `not_of` hold, and not
    what has something to do at the connectors of `but_at`.
    """
    asked = {
        "now": now,
        "not_of": list(not_of),
        "limit": limit,
        "controller": controller,
        "known": list(known),
    }
    if controller is None:
        found = await db.execute(_DUE_ELSEWHERE, asked)
    elif but_at:
        found = await db.execute(_DUE_BESIDE, {**asked, "but_at": list(but_at)})
    else:
        found = await db.execute(_DUE_AT, asked)
    return list(found.scalars())


async def due_now(db: Connection, controller: str, now: datetime) -> tuple[int, datetime | None]:
    """How many of a controller's requests are due, of which MOST are counted, and since when."""
    found = await db.execute(_DUE_NOW, {"controller": controller, "now": now})
    count, oldest = found.one()
    return count, oldest


_HIDDEN = {
    "plan_box", "subject_key", "retention_key", "confidential_box", "decisions_box", "callback_box",
    "held_by", "fence",
}  # fmt: skip
SHOWN = [column for column in request.c if column.name not in _HIDDEN]
_ADD = request.insert()
_BY_ID = request.c.id == sa.bindparam("request_id")
_FIND = sa.select(*SHOWN).where(_BY_ID)
_FIND_OWN = _FIND.where(request.c.controller == sa.bindparam("controller"))


def _due(*whose: sa.ColumnElement[bool]) -> sa.Select[str]:
    return (
        sa.select(request.c.id)
        .where(
            *whose,
            request.c.wake_at <= sa.bindparam("now"),
            sa.or_(
                request.c.held_by.is_(None),
                request.c.held_by.notin_(sa.bindparam("not_of", expanding=True)),
            ),
        )
        .order_by(request.c.wake_at)
        .limit(sa.bindparam("limit"))
        .execution_options(**{HEAVY: True})  # it passes over a backlog, however long that is
    )


_DUE_AT = _due(request.c.controller == sa.bindparam("controller"))
_DUE_BESIDE = _due(
    request.c.controller == sa.bindparam("controller"),
    ~sa.exists().where(
        task.c.request_id == request.c.id,
        task.c.connector.in_(sa.bindparam("but_at", expanding=True)),
        HAS_WORK,
    ),
)
_DUE_ELSEWHERE = _due(request.c.controller.notin_(sa.bindparam("known", expanding=True)))
_IS_DUE = (
    sa.select(request.c.wake_at)
    .where(
        request.c.controller == sa.bindparam("controller"),
        request.c.wake_at <= sa.bindparam("now"),
    )
    .order_by(request.c.wake_at)
    .limit(MOST)
    .subquery()
)
_DUE_NOW = sa.select(sa.func.count(), sa.func.min(_IS_DUE.c.wake_at))
_TAKE_UP = (
    request.update()
    .where(request.c.id == sa.bindparam("request_id"), request.c.state == State.RECEIVED.value)
    .values(state=State.RUNNING.value, version=request.c.version + 1)
)
_SEALED = sa.select(
    request.c.subject_key,
    request.c.retention_key,
    request.c.confidential_box,
    request.c.plan_box,
    request.c.decisions_box,
    request.c.callback_box,
).where(_BY_ID)


def _scope_json(scope: Scope) -> dict[str, list[str]]:
    return {
        "connectors": sorted(scope.connectors),
        "categories": sorted(c.value for c in scope.categories),
    }


_OPERATION = {member.value: member for member in Operation}  # far faster than asking the class
_STATE = {member.value: member for member in State}


def request_of(row: RowMapping) -> SubjectRequest:
    """A row of what is shown as a value."""
    return SubjectRequest(
        id=row["id"],
        controller=row["controller"],
        client_id=row["client_id"],
        operation=_OPERATION[row["operation"]],
        state=_STATE[row["state"]],
        waiting_for=WaitingFor(row["waiting_for"]) if row["waiting_for"] else None,
        received_at=row["received_at"],
        promised=row["promised"],
        legal=row["legal"],
        extended=row["extended"],
        reference=row["reference"],
        identifier_kinds=tuple(row["identifier_kinds"].split(",")),
        language=row["language"],
        scope=Scope(
            frozenset(row["scope"]["connectors"]),
            frozenset(Category(c) for c in row["scope"]["categories"]),
        ),
        version=row["version"],
        identity=_identity(row),
        plan_digest=row["plan_digest"],
        plan_valid_until=row["plan_valid_until"],
        approval=_approval(row),
        closing=row["closing"],
        closed_at=row["closed_at"],
        wake_at=row["wake_at"],
        submitter=row["submitter"],
        callback_host=row["callback_host"],
        submitted_at=row["submitted_at"],
    )


def _identity(row: RowMapping) -> IdentityCheck | None:
    if row["identity_method"] is None:
        return None
    return IdentityCheck(row["identity_method"], row["identity_by"], row["identity_at"])


def _approval(row: RowMapping) -> Approval | None:
    if row["approved_by"] is None:
        return None
    return Approval(
        row["approved_by"], row["approved_at"], row["approved_digest"], row["begins_at"]
    )
