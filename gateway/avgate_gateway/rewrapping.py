"""A new master key taken into use while everything goes on: what the former wrapped is wrapped anew.

Keys of requests are replaced one by one and only where they are still those that were read, so a
key that is destroyed meanwhile stays destroyed, and no request waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from avgate_gateway.keyring import KeyRing, VaultError
from avgate_gateway.logs.catalogue import KEYS_NOT_TAKEN, KEYS_REWRAPPED, KEYS_UNREADABLE
from avgate_gateway.store import encrypted_file, evidence, keyring
from avgate_gateway.store.database import Database
from avgate_gateway.store.keyring import Wrapped
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, bound

LOOKS_EVERY_SECONDS = 5.0


async def try_to_look(database: Database, ring: KeyRing, file: Path | None) -> None:
    """Looks for a new master key, and wraps everything under it."""
    try:
        await look(database, ring, file)
    except (VaultError, OSError) as error:
        KEYS_NOT_TAKEN.tell(reason=str(error))


async def look(database: Database, ring: KeyRing, file: Path | None) -> None:
    """Takes over a new master key if there is one; raises VaultError, OSError, AwayError."""
    ring.refresh()
    async with database.read() as db:
        if await keyring.index_is_under_newest(db, ring):
            return
    changed = await rewrap(database, ring, file)
    KEYS_REWRAPPED.tell(master_key=ring.newest.name, keys=changed)


async def rewrap(
    database: Database,
    ring: KeyRing,
    file: Path | None,
    told: Callable[[int], object] = bool,
) -> int:
    """Wraps all that another master key wrapped under the newest; how many keys of requests.

    `file` is an encrypted SQLite file. `told` hears of how many requests were seen to so far. The index
    key comes last: it says that all is done, and becomes evidence with the new key's name.
    """
    if file is not None:
        encrypted_file.rewrap_key(file, ring)
    changed, seen, after = 0, 0, ""
    while page := await _page(database, after):
        changes = [(one, fresh) for one in page if (fresh := _fresh(one, ring)) != one]
        if changes:
            async with database.write() as db:
                for before, fresh in changes:
                    await keyring.replace(db, before, fresh)
        changed, seen, after = changed + len(changes), seen + len(page), page[-1].request_id
        told(seen)
    async with database.write() as db:
        if await keyring.rewrap_index(db, ring):
            told_of = {"master_key": ring.newest.name}
            await evidence.append(
                db, datetime.now(UTC), evidence.WHOLE_GATEWAY, None, "master_key.changed", told_of
            )
    return changed


async def tally(database: Database, ring: KeyRing) -> Mapping[str, int]:
    """How many keys of requests each master key wraps, by its name."""
    names = {key.mark: key.name for key in ring.keys}
    found, after = Counter[str](), ""
    while page := await _page(database, after):
        wrapped = [one for each in page for one in (each.subject_key, each.retention_key) if one]
        found.update(names.get(one[: len(ring.newest.mark)], "another") for one in wrapped)
        after = page[-1].request_id
    return found


async def _page(database: Database, after: str) -> list[Wrapped]:
    async with database.read() as db:
        return list(await keyring.page(db, after))


def _fresh(one: Wrapped, ring: KeyRing) -> Wrapped:
    """The same keys under the newest master key; what cannot be opened stays as it is."""
    return Wrapped(
        one.request_id,
        _rewrapped(one.subject_key, ring, bound(one.request_id, SUBJECT_KEY)),
        _rewrapped(one.retention_key, ring, bound(one.request_id, RETENTION_KEY)),
    )


def _rewrapped(wrapped: bytes | None, ring: KeyRing, place: bytes) -> bytes | None:
    if wrapped is None or ring.is_newest(wrapped):
        return wrapped
    try:
        return ring.wrap(ring.unwrap(wrapped, place), place)
    except VaultError:
        KEYS_UNREADABLE.tell(place=place.decode().replace("\x00", " "))
        return wrapped
