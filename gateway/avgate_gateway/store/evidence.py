"""The chain of what was done and when: each entry holds the digest of the one before.

Entries name requests, connectors and counts, never a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import chain
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import evidence

BEGINNING = "0" * 64
_LAST = (
    sa.select(evidence.c.sequence, evidence.c.digest).order_by(evidence.c.sequence.desc()).limit(1)
)
_ADD = evidence.insert()
_PUT_DOWN = chain.draft.insert().inline()


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the chain."""

    sequence: int
    at: datetime
    controller: str
    request_id: str | None
    event: str
    details: str
    previous: str
    digest: str


async def note(
    db: Connection,
    at: datetime,
    request: SubjectRequest,
    event: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry about a request."""
    await append(db, at, request.controller, request.id, event, details)


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
    if db.dialect.name == "postgresql":
        await db.execute(_PUT_DOWN, _drafted(at, controller, request_id, event, text))
        return
    last = (await db.execute(_LAST)).first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, BEGINNING)
    entry = Entry(sequence, at, controller, request_id, event, text, previous, "")
    await db.execute(_ADD, row(entry, digest(entry)))


def _drafted(
    at: datetime, controller: str, request_id: str | None, event: str, text: str
) -> dict[str, Any]:
    """What the commit links to the chain (`store.chain`), in the words that `digest` digests."""
    told = [at.isoformat(), controller, request_id, event, text]
    return {
        "at": at,
        "controller": controller,
        "request_id": request_id,
        "event": event,
        "details": text,
        "content": json.dumps(told, separators=(",", ":"))[1:-1],
    }


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
    """The digest of an entry: over its content and the digest of the one before."""
    content = json.dumps(
        [
            entry.sequence,
            entry.at.isoformat(),
            entry.controller,
            entry.request_id,
            entry.event,
            entry.details,
            entry.previous,
        ],
        separators=(",", ":"),
    )
    return sha256(content.encode()).hexdigest()


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


def row(entry: Entry, own: str) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "controller": entry.controller,
        "request_id": entry.request_id,
        "event": entry.event,
        "details": entry.details,
        "previous": entry.previous,
        "digest": own,
    }
