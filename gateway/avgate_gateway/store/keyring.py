"""The keys that belong to the database as a whole, wrapped by the master key.

Digests of the blind index are found again only under the same key, so it does not change with the
master key. It also tells at the start whether this is the master key of this database.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from avgate_gateway.keyring import KEY_BYTES, KeyRing
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import metadata, request
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, bound

keyring = sa.Table(
    "keyring",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)

_INDEX = "blind index"
_INDEX_PLACE = f"keyring\x00{_INDEX}".encode()
_OF_FIRST_RELEASES = "avgate blind index 1"
_PAGE = 50  # so few that nobody waits for the change of a page


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The wrapped keys of one request."""

    request_id: str
    subject_key: bytes | None = field(repr=False)
    retention_key: bytes | None = field(repr=False)


def holds_anything(connection: sa.Connection) -> bool:
    """Whether a master key was ever used here; then a new one cannot be the right one."""
    present = sa.inspect(connection).get_table_names()
    looks = [
        sa.select(sa.literal(1)).select_from(one).limit(1)
        for one in (keyring, request)
        if one.name in present
    ]
    return any(connection.execute(look).first() is not None for look in looks)


def check(connection: sa.Connection, ring: KeyRing) -> None:
    """Raises VaultError where none of the master keys is this database's; changes nothing."""
    present = sa.inspect(connection).get_table_names()
    found = connection.execute(_wrapped_index()).scalar() if keyring.name in present else None
    if found is not None:
        ring.unwrap(found, _INDEX_PLACE)
    elif request.name in present:
        _of_first_releases(connection, ring)


def adopt(connection: sa.Connection, ring: KeyRing) -> bytes:
    """The key of the blind index, made on the first start; raises VaultError for a wrong master key.

    Whoever calls holds the database's lock, so no two processes make one.
    """
    found = connection.execute(_wrapped_index()).scalar()
    if found is not None:
        return ring.unwrap(found, _INDEX_PLACE)
    key = _of_first_releases(connection, ring) or os.urandom(KEY_BYTES)
    connection.execute(keyring.insert().values(name=_INDEX, wrapped=ring.wrap(key, _INDEX_PLACE)))
    return key


def _of_first_releases(connection: sa.Connection, ring: KeyRing) -> bytes | None:
    """What they derived from their one master key, where there are requests of theirs."""
    some = sa.select(request.c.id, request.c.subject_key, request.c.retention_key).limit(1)
    keyed = connection.execute(some.where(_HAS_KEYS)).first()
    if keyed is None:
        is_used = connection.execute(some).first() is not None
        return ring.newest.derived(_OF_FIRST_RELEASES) if is_used else None
    request_id, subject, retention = keyed
    wrapped, purpose = (subject, SUBJECT_KEY) if subject else (retention, RETENTION_KEY)
    return ring.which(wrapped, bound(request_id, purpose)).derived(_OF_FIRST_RELEASES)


async def index_key(db: Connection, ring: KeyRing) -> bytes:
    """The key of the blind index where it is, without a change; raises VaultError."""
    found = (await db.execute(_wrapped_index())).scalar()
    if found is None:  # no process of this release was started yet
        return ring.newest.derived(_OF_FIRST_RELEASES)
    return ring.unwrap(found, _INDEX_PLACE)


async def index_is_under_newest(db: Connection, ring: KeyRing) -> bool:
    """Whether the last step of a change of master keys is done."""
    found = (await db.execute(_wrapped_index())).scalar()
    return found is not None and ring.is_newest(found)


async def rewrap_index(db: Connection, ring: KeyRing) -> bool:
    """Wraps the key of the blind index under the newest master key; False where it is."""
    found = (await db.execute(_wrapped_index())).scalar()
    if found is not None and not ring.is_newest(found):
        fresh = ring.wrap(ring.unwrap(found, _INDEX_PLACE), _INDEX_PLACE)
        change = keyring.update().values(wrapped=fresh)
        done = await db.execute(change.where(keyring.c.name == _INDEX, keyring.c.wrapped == found))
        return bool(done.rowcount)
    return False


async def page(db: Connection, after: str) -> Sequence[Wrapped]:
    """Wrapped keys of some requests, by id; an empty page is the end."""
    columns = (request.c.id, request.c.subject_key, request.c.retention_key)
    query = sa.select(*columns).where(request.c.id > after, _HAS_KEYS)
    return [Wrapped(*row) for row in await db.execute(query.order_by(request.c.id).limit(_PAGE))]


async def count(db: Connection) -> int:
    """How many requests have keys."""
    query = sa.select(sa.func.count()).select_from(request).where(_HAS_KEYS)
    return int((await db.execute(query)).scalar_one())


async def replace(db: Connection, before: Wrapped, after: Wrapped) -> None:
    """Puts keys wrapped anew in place of those that were read, unless these were destroyed since."""
    for column in ("subject_key", "retention_key"):
        old, new = getattr(before, column), getattr(after, column)
        if new != old:
            here = (request.c.id == before.request_id, request.c[column] == old)
            await db.execute(request.update().where(*here).values({column: new}))


def _wrapped_index() -> sa.Select[Any]:
    return sa.select(keyring.c.wrapped).where(keyring.c.name == _INDEX)


_HAS_KEYS = request.c.subject_key.isnot(None) | request.c.retention_key.isnot(None)
