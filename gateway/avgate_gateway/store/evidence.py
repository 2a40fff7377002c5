"""The chain of what was done and when: each entry holds the digest of the one before.

Entries name requests, connectors and counts, never a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from avgate_gateway.notice import from_evidence
from avgate_gateway.proving.examination import BEGINNING, Row
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
_ROWS = (
    sa.select(
        evidence.c.sequence,
        evidence.c.at,
        evidence.c.controller,
        evidence.c.request_id,
        evidence.c.event,
        evidence.c.details,
        evidence.c.previous,
        evidence.c.digest,
        evidence.c.code,
    )
    .where(
        evidence.c.sequence > sa.bindparam("after"), evidence.c.sequence <= sa.bindparam("until")
    )
    .order_by(evidence.c.sequence)
)
_PUT_DOWN = chain.draft.insert().inline()
_text = json.encoder.encode_basestring_ascii  # what JSON's own encoder makes of a text


Entry = Row  # one link of the chain, whoever looks at it
__all__ = [
    "BEGINNING",
    "Entry",
    "append",
    "content_of",
    "digested",
    "entries",
    "first_broken",
    "note",
    "rows",
]


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
    content = content_of(at, controller, request_id, event, text)
    code = attesting(db.info).code(content)
    if db.dialect.name == "postgresql":
        # The commit links it to the chain (`store.chain`).
        await db.execute(_PUT_DOWN, {**written, "content": content, "code": code})
        return
    known = db.info.get(WHILE_IT_LASTS, {})
    last = known.get(_LAST) or (await db.execute(_LAST)).first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, BEGINNING)
    linked = {"sequence": sequence, "previous": previous, "code": code}
    its_digest = digested(sequence, content, previous)
    await db.execute(_ADD, {**written, **linked, "digest": its_digest})
    known[_LAST] = (sequence, its_digest)


def content_of(
    at: datetime, controller: str, request_id: str | None, event: str, details: str
) -> str:
    """What an entry tells, as it is digested and attested: JSON without the brackets around it."""
    whose = "null" if request_id is None else _text(request_id)
    return f'"{at.isoformat()}",{_text(controller)},{whose},{_text(event)},{_text(details)}'


def digested(sequence: int, content: str, previous: str) -> str:
    """The digest of an entry: over its number, its content and the digest of the one before."""
    return sha256(f'[{sequence},{content},"{previous}"]'.encode()).hexdigest()


async def rows(db: Connection, *, after: int, until: int) -> Sequence[Row]:
    """Entries as they stand in the database, to be examined: those after one, up to another."""
    found = await db.execute(_ROWS, {"after": after, "until": until})
    return list(map(Row._make, found))


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


def digest(entry: Entry) -> str:
    """The digest that an entry ought to have."""
    content = content_of(entry.at, entry.controller, entry.request_id, entry.event, entry.details)
    return digested(entry.sequence, content, entry.previous)


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
