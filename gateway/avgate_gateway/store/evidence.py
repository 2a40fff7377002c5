"""The chain of what was done and when: each entry holds the digest of the one before.

Entries name requests, connectors and counts, never a person.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from avgate_gateway.notice import from_evidence
from avgate_gateway.proving.entry import BEGINNING, Row, Stored, content, digested
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import chain
from avgate_gateway.store.attesting import attesting
from avgate_gateway.store.connection import WHILE_IT_LASTS, Connection
from avgate_gateway.store.evidence_schema import evidence
from avgate_gateway.store.outbox import tell

_LAST = (
    sa.select(evidence.c.sequence, evidence.c.digest).order_by(evidence.c.sequence.desc()).limit(1)
)
_ADD = evidence.insert()
ROWS = (
    sa.select(
        evidence.c.sequence,
        sa.type_coerce(evidence.c.at, sa.BigInteger),  # a million moments cost seconds to make
        evidence.c.controller,
        evidence.c.request_id,
        evidence.c.event,
        evidence.c.details,
        evidence.c.previous,
        evidence.c.digest,
        sa.type_coerce(evidence.c.code, sa.types.NullType()),
    )
    .where(
        evidence.c.sequence > sa.bindparam("after"), evidence.c.sequence <= sa.bindparam("until")
    )
    .order_by(evidence.c.sequence)
)
KEY_ANNOUNCED = "evidence.key_announced"
_ANNOUNCED = (
    sa.select(
        evidence.c.at, evidence.c.controller, evidence.c.request_id, evidence.c.event,
        evidence.c.details, evidence.c.code,
    )
    .where(evidence.c.request_id.is_(None), evidence.c.event == sa.bindparam("event"))
    .order_by(evidence.c.sequence)
)  # fmt: skip
_TELLS_OF = (
    sa.select(evidence.c.sequence)
    .where(
        evidence.c.request_id == sa.bindparam("request_id"),
        evidence.c.event == sa.bindparam("event"),
    )
    .limit(1)
)
_SINCE = (
    sa.select(evidence.c.sequence, evidence.c.request_id)
    .where(evidence.c.sequence > sa.bindparam("after"))
    .order_by(evidence.c.sequence)
    .limit(2_000)
)
_PUT_DOWN = chain.draft.insert().inline()


WHOLE_GATEWAY = ""  # whose entry it is that concerns no controller more than another
Entry = Row  # one link of the chain, whoever looks at it
__all__ = [
    "BEGINNING",
    "KEY_ANNOUNCED",
    "ROWS",
    "WHOLE_GATEWAY",
    "Entry",
    "announced",
    "append",
    "content_of",
    "digested",
    "entries",
    "first_broken",
    "note",
    "rejects",
    "rows",
    "stored",
    "tells_of",
    "told_since",
]


_PAGE = 2_000


async def note(
    db: Connection,
    at: datetime,
    request: SubjectRequest,
    event: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry about a request, and tells those who want to hear of it (`store.outbox`)."""
    await append(db, at, request.controller, request.id, event, details)
    told = from_evidence(event, details or {})
    if told is not None:
        await tell(db, at, request, told[0], **told[1])


async def append(
    db: Connection,
    at: datetime,
    controller: str,
    request_id: str | None,
    event: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry; in the same transaction as what it tells of, or it would not be evidence."""
    text = json.dumps(details or {}, sort_keys=True, separators=(",", ":"), default=str)
    written = {
        "at": at,
        "controller": controller,
        "request_id": request_id,
        "event": event,
        "details": text,
    }
    told = content_of(at, controller, request_id, event, text)
    code = attesting(db.info).code(told)
    if db.dialect.name == "postgresql":
        # The commit links it to the chain (`store.chain`).
        await db.execute(_PUT_DOWN, {**written, "content": told, "code": code})
        return
    known = db.info.get(WHILE_IT_LASTS, {})
    last = known.get(_LAST) or (await db.execute(_LAST)).first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, BEGINNING)
    linked = {"sequence": sequence, "previous": previous, "code": code}
    its_digest = digested(sequence, told, previous)
    await db.execute(_ADD, {**written, **linked, "digest": its_digest})
    known[_LAST] = (sequence, its_digest)


def content_of(
    at: datetime, controller: str, request_id: str | None, event: str, details: str
) -> str:
    """What an entry tells, as it is digested and attested."""
    return content(at.isoformat(), controller, request_id, event, details)


async def rows(db: Connection, *, after: int, until: int) -> Sequence[Stored]:
    """Entries as they stand in the database, to be examined: those after one, up to another."""
    return stored(await db.execute(ROWS, {"after": after, "until": until}))


def stored(found: Iterable[sa.Row[*tuple[Any, ...]]]) -> Sequence[Stored]:
    """What `ROWS` found, as entries to be examined."""
    return list(map(Stored._make, found))


async def entries(
    db: Connection,
    *,
    controller: str | None = None,
    request_id: str | None = None,
    after: int = 0,
    limit: int = 500,
) -> Sequence[Entry]:
    """A page of the chain, oldest first."""
    query = evidence.select().where(evidence.c.sequence > after)
    if controller is not None:
        query = query.where(evidence.c.controller == controller)
    if request_id is not None:
        query = query.where(evidence.c.request_id == request_id)
    rows = (await db.execute(query.order_by(evidence.c.sequence).limit(limit))).mappings()
    return [Entry(**row) for row in rows]


async def of_request(db: Connection, request_id: str) -> Sequence[Entry]:
    """All that is written down of a request, oldest first: a part of it would tell of another course."""
    found: list[Entry] = []
    while True:
        after = found[-1].sequence if found else 0
        page = await entries(db, request_id=request_id, after=after, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found


async def told_since(db: Connection, after: int | None) -> tuple[int, frozenset[str]]:
    """The number of the last entry, and the requests that those after a former one are about.

    They have their numbers in the order of their commits, so none comes later with a smaller one.
    """
    if after is None:
        last = (await db.execute(_LAST)).first()
        return (last[0] if last else 0), frozenset()
    found = (await db.execute(_SINCE, {"after": after})).all()
    about = frozenset(request_id for _, request_id in found if request_id is not None)
    return (found[-1][0] if found else after), about


async def tells_of(db: Connection, request_id: str, event: str) -> bool:
    """Whether something of this kind was ever written down of a request."""
    found = await db.execute(_TELLS_OF, {"request_id": request_id, "event": event})
    return found.first() is not None


async def last_of(db: Connection, request_id: str, event: str, about: str = "") -> int:
    """The number of the last entry of this kind of a request, that names `about`; 0 if there is none."""
    named = (evidence.c.details.contains(about, autoescape=True),) if about else ()
    mine = (evidence.c.request_id == request_id, evidence.c.event == event, *named)
    found = await db.execute(sa.select(sa.func.max(evidence.c.sequence)).where(*mine))
    return int(found.scalar_one() or 0)


async def rejects(db: Connection, request_id: str, plan_digest: str) -> bool:
    """Whether it was written down that somebody refused the plan with this digest."""
    named = f'"digest":"{plan_digest}"'
    return await last_of(db, request_id, "plan.rejected", named) > 0


async def announced(db: Connection) -> Sequence[str]:
    """The keys that machines said they sign checkpoints with, as they worded them, oldest first.

    Not what somebody announced who can write the database and has not what entries are attested with.
    """
    found = await db.execute(_ANNOUNCED, {"event": KEY_ANNOUNCED})
    attests = attesting(db.info)
    told = [(content_of(*row[:-1]), row.details, row.code) for row in found]
    return [
        json.loads(details)["key"]
        for content, details, code in told
        if attests.key is None or hmac.compare_digest(attests.code(content) or b"", code or b"")
    ]


def digest(entry: Entry) -> str:
    """The digest that an entry ought to have."""
    told = content_of(entry.at, entry.controller, entry.request_id, entry.event, entry.details)
    return digested(entry.sequence, told, entry.previous)


def first_broken(chain: Sequence[Entry], previous: str, sequence: int) -> int | None:
    """The sequence number at which a stretch of the chain stops fitting, if it does.

    `previous` and `sequence` are those of the entry before the stretch.
    """
    for entry in chain:
        sequence += 1
        if (
            entry.sequence != sequence
            or entry.previous != previous
            or entry.digest != digest(entry)
        ):
            return sequence
        previous = entry.digest
    return None
