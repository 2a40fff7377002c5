"""Who is signed in to the console: kept here, so that signing out ends it in every process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import metadata

_MOST = 100  # sessions of one person that are listed
console_session = sa.Table(
    "console_session",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # of the cookie; the cookie is gone
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("client_id", sa.String(200), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),  # of a member of staff
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("token_id", sa.String(200), nullable=False),  # of the sign-in, which counts once
    sa.Column("signed_in_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("proved_at", Moment),  # when they last showed who they are, where that is known
    sa.Column("provider_session", sa.String(200)),  # by which their provider ends it
    sa.UniqueConstraint("token_id"),
    sa.Index(None, "ends_at"),
    sa.Index(None, "subject"),
)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one member of staff."""

    digest: str
    controller: str
    client_id: str
    subject: str
    name: str
    scopes: tuple[str, ...]
    token_id: str
    signed_in_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    proved_at: datetime | None = None
    provider_session: str | None = None


async def begin(db: Connection, session: Session) -> bool:
    """Whether it was begun: not where the same sign-in was used before.

    Raises IntegrityError where another process takes the same sign-in at this very moment.
    """
    used = sa.select(console_session.c.digest).where(console_session.c.token_id == session.token_id)
    if (await db.execute(used)).first() is not None:
        return False
    row = {own.name: getattr(session, own.name) for own in fields(Session)}
    await db.execute(console_session.insert(), {**row, "scopes": list(session.scopes)})
    return True


async def find(db: Connection, digest: str) -> Session | None:
    """The session of a cookie, whether it has ended or not."""
    query = console_session.select().where(console_session.c.digest == digest)
    row = (await db.execute(query)).mappings().first()
    return _session(row) if row else None


async def see(db: Connection, digest: str, now: datetime) -> None:
    await db.execute(_of(digest).values(seen_at=now))


async def of_person(
    db: Connection, controller: str, client_id: str, subject: str, now: datetime
) -> list[Session]:
    """The sessions of one person that have not ended, the newest first."""
    mine = sa.and_(
        console_session.c.controller == controller,
        console_session.c.client_id == client_id,
        console_session.c.subject == subject,
    )
    query = console_session.select().where(mine, *_open(now)).order_by(
        console_session.c.signed_in_at.desc(), console_session.c.digest
    ).limit(_MOST)  # fmt: skip
    return [_session(row) for row in (await db.execute(query)).mappings()]


async def end(db: Connection, digests: Sequence[str], now: datetime) -> list[Session]:
    """Ends those that have not ended, and which these were: each is ended once, whoever else does."""
    return await _ended(db, now, console_session.c.digest.in_(digests))


async def end_by_provider(
    db: Connection, subject: str | None, session: str | None, begun_by: datetime, now: datetime
) -> list[Session]:
    """Ends what a provider says is over: one session of its own, or all of a person; and which.

    Only what had begun by then, so that the same word said again ends nothing that is newer. A session
    that the provider gave no name may be the one that it names now, if the person is the same. Links
    of our own have no session of a provider, and are left alone.
    """
    named: list[sa.ColumnElement[bool]] = [console_session.c.provider_session.is_not(None)]
    if subject is not None:
        named.append(console_session.c.subject == subject)
    if session is not None:
        unnamed = [] if subject is None else [""]
        named.append(console_session.c.provider_session.in_([session, *unnamed]))
    return await _ended(db, now, *named, console_session.c.signed_in_at <= begun_by)


async def time_out(db: Connection, unused_since: datetime, now: datetime) -> list[Session]:
    """Ends those that nobody used since a moment, or that have lasted as long as any may; and which."""
    is_over = sa.or_(console_session.c.ends_at <= now, console_session.c.seen_at <= unused_since)
    these = sa.select(console_session.c.digest).where(is_over, console_session.c.ended_at.is_(None))
    free = these.with_for_update(skip_locked=True)  # on PostgreSQL; on SQLite writers take turns
    return await _ended(db, now, console_session.c.digest.in_(free))


async def forget(db: Connection, before: datetime) -> None:
    """Drops what would have ended by itself before a moment, once it has ended."""
    is_over = (console_session.c.ends_at < before, console_session.c.ended_at.is_not(None))
    await db.execute(console_session.delete().where(*is_over))


async def _ended(db: Connection, now: datetime, *which: sa.ColumnElement[bool]) -> list[Session]:
    """Two that end the same at once take turns for its row, and the second finds it ended."""
    ending = console_session.update().where(*which, console_session.c.ended_at.is_(None))
    done = await db.execute(ending.values(ended_at=now).returning(*console_session.c))
    return [_session(row) for row in done.mappings()]


def _open(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (console_session.c.ended_at.is_(None), console_session.c.ends_at > now)


def _of(digest: str) -> sa.Update:
    return console_session.update().where(console_session.c.digest == digest)


def _session(row: Mapping[Any, Any]) -> Session:
    return Session(**{**row, "scopes": tuple(row["scopes"])})
