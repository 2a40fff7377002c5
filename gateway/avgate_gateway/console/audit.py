"""The evidence of this controller in plain words, what is signed of it, and a check of a stretch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import AMSTERDAM
from avgate_gateway.authentication import Scope
from avgate_gateway.case_number import beginning_of_id
from avgate_gateway.checkpointing import examination
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.labels import EVENTS
from avgate_gateway.proving.entry import BEGINNING, Row
from avgate_gateway.proving.examination import MisfitError
from avgate_gateway.proving.note import NoteError, believed
from avgate_gateway.store import audit_pages, checkpoints, evidence, pauses, queue
from avgate_gateway.store.audit_pages import Wanted
from avgate_gateway.store.connection import Connection

_HERE = "/console/audit"
_PAGE = 50
_STRETCH = 5_000  # entries that are examined at once
_PEOPLE = ("by", "client")
_PAUSES = 200


def routes(door: Door) -> list[Route]:
    return [
        door.page(_HERE, show, Scope.READ_AUDIT),
        door.form(f"{_HERE}/verify", verify, Scope.READ_AUDIT),
    ]


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of looking at a stretch: up to which entry all fits, and what does not after it."""

    first: int
    last: int
    end: int
    misfit: str | None = None

    @property
    def goes_on(self) -> bool:
        return self.misfit is None and self.last < self.end


async def show(visit: Visit, examined: Examined | None = None) -> Response:
    asked = {name: visit.asked(name)[:200] for name in ("person", "event", "case", "day")}
    day, before = _day(asked["day"]), visit.asked("before")
    controller = visit.staff.caller.controller
    async with visit.gateway.context.database.read() as db:
        of = await _case(db, controller, asked["case"])
        wanted = Wanted(
            controller=controller,
            before=int(before)
            if before.isascii() and before.isdigit() and len(before) < 19
            else None,
            request_id=of,
            since=datetime.combine(day, time(), AMSTERDAM) if day else None,
            until=datetime.combine(day + timedelta(days=1), time(), AMSTERDAM) if day else None,
            limit=_PAGE,
        )
        page = await audit_pages.page(db, wanted, fitting(asked["person"], asked["event"]))
        signed = await checkpoints.newest(db)
        length = await checkpoints.length(db)
        paused = await pauses.past(db, controller, _PAUSES)
    reasons = {(one.connector, one.since.isoformat(" ")): one.reason for one in paused}
    return visit.sheet.page(
        "audit.html",
        {
            "entries": [_shown(row, reasons) for row in page.entries],
            "before": page.before,
            "asked": asked,
            "query": urlencode({name: value for name, value in asked.items() if value}),
            "is_unknown": bool(asked["case"]) and of is None,
            "events": EVENTS,
            "titles": visit.titles,
            "length": length,
            "signed": signed,
            "witness": _witness(visit),
            "trouble": visit.gateway.evidence_trouble(),
            "examined": examined,
            "stretch": _STRETCH,
        },
        status=200,
    )


async def verify(visit: Visit) -> Response:
    """Reads a stretch of the chain again, so much of it at a time, and says whether all of it fits.

    Entries of others lie in between: that they fit is told, and nothing of what they hold.
    """
    async with visit.gateway.context.database.read() as db:
        end = await checkpoints.length(db)
        first = min(_number(visit.form.one("first"), 1), max(end, 1))  # behind it nothing is read
        last = min(first + _STRETCH - 1, end)
        before = await evidence.rows(db, after=first - 2, until=first - 1) if first > 1 else []
        rows = await evidence.rows(db, after=first - 1, until=last)
    check = examination(visit.gateway.context.database, {})
    check.looks_back = False
    if before:
        check.go_on(first - 1, before[0].digest)
        check.is_attested = before[0].code is not None
    elif first > 1:
        check.number, check.last = first - 1, BEGINNING
    misfit = None
    try:
        check.read(rows)
        if check.number < last:
            misfit = f"entry {check.number + 1} is missing"
    except MisfitError as error:
        misfit = str(error)
    return await show(visit, Examined(first, check.number, end, misfit))


def fitting(person: str, event: str) -> Callable[[Row], bool]:
    """Whether an entry is of this event, and somebody whose name holds this did what it tells of."""
    name = person.casefold()

    def fits(row: Row) -> bool:
        if event and row.event != event:
            return False
        if not name:
            return True
        details = orjson.loads(row.details)
        return any(name in str(details.get(one, "")).casefold() for one in _PEOPLE)

    return fits


def _shown(row: Row, reasons: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    details = orjson.loads(row.details)
    by = next((str(details[name]) for name in _PEOPLE if details.get(name)), None)
    reason = reasons.get((details.get("connector"), str(details.get("since"))))
    return {"entry": row, "details": details, "by": by, "reason": reason}


async def _case(db: Connection, controller: str, typed: str) -> str | None:
    digits = beginning_of_id(typed) if typed else None
    found = await queue.beginning_with(db, controller, digits) if digits else []
    return found[0].id if len(found) == 1 else None


def _witness(visit: Visit) -> tuple[int, datetime] | None:
    """How many entries the newest note outside of the database tells of, and since when."""
    own = visit.gateway.checkpointer
    try:
        note = own.witness.newest() if own else None
        told = believed(note, own.key.public_key()) if own and note else None
    except (OSError, NoteError):
        return None
    return (told.size, told.at) if told else None


def _number(typed: str, least: int) -> int:
    return (
        max(int(typed), least) if typed.isascii() and typed.isdigit() and len(typed) < 19 else least
    )


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
