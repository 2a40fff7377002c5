"""SQLite without a thread per step: what waits for nobody is done where it is asked for.

In WAL mode readers wait for nobody, and the one writer waits only for the disk, when it commits.
SQLAlchemy's driver for asyncio hands every step of every statement to a thread all the same: some
ten hand-overs for a transaction that reads one row, each dearer than the read. Here a thread is for
what may take long: commits, statements on many rows, and the wait for the lock of another process.

Writers who are waiting when a transaction ends share the next: each has a savepoint of its own, and
all are on disk with one sync. `synchronous=FULL`: what was left without an error is there after a
power cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from types import TracebackType

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store import encrypted_file
from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.connection import WHILE_IT_LASTS
from avgate_gateway.store.cut_short import is_away, raise_if_away
from avgate_gateway.store.outbox import Outbox
from avgate_gateway.store.place import Place
from avgate_gateway.store.prepared import Preparing
from avgate_gateway.store.sqlite_session import AT_ONCE, BUSY_SECONDS, Session
from avgate_gateway.store.write_lock import WriteLock

_READERS = 4
_STATEMENTS = 512  # that each connection keeps ready: as many as there are, or nearly
# A page is decrypted each time it is read again: a writer walks every index, and what a list shows lies far apart.
_WRITER_CACHE = "PRAGMA cache_size=-8192"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-4096")


class SqliteFile:
    """One file behind two doors: `read` for several at a time, `write` for one after the other."""

    def __init__(
        self, url: str, attesting: Attesting | None = None, key: bytes | None = None,
        outbox: Outbox | None = None,
    ) -> None:  # fmt: skip
        # Nobody else pools: what is opened here stays open until `close`.
        self.engine = encrypted_file.engine(
            url,
            key,
            poolclass=sa.NullPool,
            connect_args={
                "timeout": BUSY_SECONDS,
                "isolation_level": None,
                "check_same_thread": False,
                "cached_statements": _STATEMENTS,
            },
        )
        sa.event.listen(self.engine, "connect", _set_pragmas)
        preparing, place = Preparing(self.engine.dialect), Place(encrypted_file.path_of(url))
        self._given = (place, preparing, attesting or Attesting(), outbox or Outbox())
        self._idle: asyncio.LifoQueue[Session | None] = asyncio.LifoQueue()
        for _ in range(_READERS):
            self._idle.put_nowait(None)
        self._lock = WriteLock()
        self._writer: Session | None = None
        self._group: _Group | None = None

    def read(self) -> _Reading:
        """A connection whose reads see one moment; raises AwayError."""
        return _Reading(self)

    async def begin_reading(self) -> Session:
        session = await self._idle.get()
        try:
            session = session or Session(self.engine, *self._given)
            session.look()
            await session.step("BEGIN DEFERRED")
        except BaseException as error:
            self._idle.put_nowait(_kept(session, error))
            raise
        return session

    async def end_reading(self, session: Session, error: BaseException | None) -> None:
        try:
            await session.undo()
        except BaseException as failed:
            error = failed
            raise
        finally:
            self._idle.put_nowait(_kept(session, error))

    def write(self, request_id: str | None = None, *, ahead: bool = False) -> _Writing:  # noqa: ARG002 -- all share one lock here
        """A transaction; on disk when the block is left, undone when it raises, AwayError too."""
        return _Writing(self, ahead=ahead)

    async def begin_writing(self, *, ahead: bool) -> _Group:
        """Takes the lock, in a transaction that others may share."""
        await self._lock.acquire(ahead=ahead)
        try:
            group = self._group or await self._begun()
            await self._unless_lost(group, group.begin_block())
        except BaseException:
            self._lock.release()
            raise
        return group

    async def end_writing(self, group: _Group, error: BaseException | None, *, ahead: bool) -> None:
        """Releases the lock; without an error, once what was written is on disk."""
        on_disk: asyncio.Future[None] | None = None
        is_kept = False
        try:
            if error is None:
                await self._unless_lost(group, group.end_block())
                on_disk = group.wait()
                if ahead and self._lock.goes_last:  # or it would wait for all who do not hurry
                    group.hurrying = asyncio.create_task(self._commit_locked(group))
                    is_kept = True  # the commit has the lock now, and releases it
            else:
                await self._unless_lost(group, group.undo_block())
                if isinstance(error, Exception):
                    self._look_at(group, error)
        finally:
            if not is_kept:
                self._lock.release()
        if on_disk is not None:
            await on_disk

    async def _unless_lost(self, group: _Group, step: Awaitable[None]) -> None:
        try:
            await step
        except Exception as error:
            self._look_at(group, error)
            raise

    def _look_at(self, group: _Group, error: Exception) -> None:
        """Gives the transaction up if it went with this error."""
        if is_away(error) or not group.session.is_in_transaction:
            self._give_up(group, error)

    async def _begun(self) -> _Group:
        if self._writer is None:
            self._writer = Session(self.engine, *self._given)
            for command in (AT_ONCE, _WRITER_CACHE):
                await self._writer.step(command)
        self._writer.look()
        await self._writer.begin_writing()
        self._group = group = _Group(self._writer)
        # The lock is fair: the commit comes after all who wait for their turn now.
        group.committing = asyncio.create_task(self._commit(group))
        return group

    async def _commit(self, group: _Group) -> None:
        await self._lock.acquire()
        await self._commit_locked(group)

    async def _commit_locked(self, group: _Group) -> None:
        """Commits what is not committed yet, and releases the lock."""
        try:
            if group is self._group:
                await group.session.commit()
                self._group = None
                group.tell(None)
        except Exception as error:  # noqa: BLE001 -- everybody in the group is told of it
            self._give_up(group, error)
        finally:
            self._lock.release()

    def _give_up(self, group: _Group, error: Exception) -> None:
        """Tells all who share a transaction that it is lost, and opens the file anew next time.

        After a failed sync nobody knows what of it is on disk; what the cache holds proves nothing.
        """
        self._group = self._writer = None
        group.session.close()
        group.tell(error)

    async def close(self) -> None:
        """Closes all connections; what was written before is on disk."""
        await self._lock.acquire()
        try:
            if self._writer is not None:
                await self._writer.aclose()
                self._writer = None
        finally:
            self._lock.release()
        for _ in range(_READERS):
            session = await self._idle.get()
            if session is not None:
                await session.aclose()
        self.engine.dispose()


class _Group:
    """Blocks that share a transaction, and so the one sync that puts them on disk."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._waiting: list[asyncio.Future[None]] = []
        self.committing: asyncio.Task[None] | None = None  # held here, or it might be collected
        self.hurrying: asyncio.Task[None] | None = None  # likewise, where somebody waits for it

    def wait(self) -> asyncio.Future[None]:
        """Ends once the transaction is on disk, or lost; each who waits has one of their own."""
        waits = asyncio.get_running_loop().create_future()
        self._waiting.append(waits)
        return waits

    def tell(self, error: Exception | None) -> None:
        """Says that it is on disk, or why it is lost, to all who have not given up."""
        for waits in self._waiting:
            if waits.done():
                continue
            if error is None:
                waits.set_result(None)
            else:
                waits.set_exception(error)

    async def begin_block(self) -> None:
        await self.session.step("SAVEPOINT block")

    async def end_block(self) -> None:
        await self.session.step("RELEASE block")

    async def undo_block(self) -> None:
        self.session.info[WHILE_IT_LASTS].clear()  # it may have been undone
        # An error of the disk undoes the whole transaction by itself.
        with suppress(sqlite.OperationalError):
            await self.session.step("ROLLBACK TO block")
            await self.session.step("RELEASE block")


class _Reading:
    """The block of one reader: a class, for every generator in a coroutine is kept count of."""

    __slots__ = ("_file", "_session")

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def __aenter__(self) -> Session:
        try:
            self._session = await self._file.begin_reading()
        except Exception as error:
            raise_if_away(error)
            raise
        return self._session

    async def __aexit__(
        self, _: object, error: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            await self._file.end_reading(self._session, error)
        except Exception as failed:
            raise_if_away(failed)
            raise
        if error is not None:
            raise_if_away(error)


class _Writing:
    """The block of one writer."""

    __slots__ = ("_ahead", "_file", "_group")

    def __init__(self, file: SqliteFile, *, ahead: bool) -> None:
        self._file = file
        self._ahead = ahead

    async def __aenter__(self) -> Session:
        try:
            self._group = await self._file.begin_writing(ahead=self._ahead)
        except Exception as error:
            raise_if_away(error)
            raise
        return self._group.session

    async def __aexit__(
        self, _: object, error: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            await self._file.end_writing(self._group, error, ahead=self._ahead)
        except Exception as failed:
            raise_if_away(failed)
            raise
        if error is not None:
            raise_if_away(error)


def _kept(session: Session | None, error: BaseException | None) -> Session | None:
    """A reader for the next, unless the file failed under it."""
    if session is None or not (isinstance(error, Exception) and is_away(error)):
        return session
    session.close()
    return None


def _set_pragmas(connection: sqlite.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
