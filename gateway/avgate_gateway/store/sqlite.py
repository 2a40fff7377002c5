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
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store import encrypted_file
from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.connection import HEAVY, WHILE_IT_LASTS
from avgate_gateway.store.cut_short import AwayError, answering, is_away
from avgate_gateway.store.outbox import Outbox
from avgate_gateway.store.prepared import Preparing
from avgate_gateway.store.schema import OF_MANY_ROWS

T = TypeVar("T")

_READERS = 4
_BUSY_SECONDS = 30
_FEW = 50  # rows at a time that nobody notices
_STATEMENTS = 512  # that each connection keeps ready: as many as there are, or nearly
_AT_ONCE = "PRAGMA busy_timeout=0"
# Pages have to be decrypted when they are read again: the writer walks every index of every table.
_WRITER_CACHE = "PRAGMA cache_size=-8192"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-512")


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
                "timeout": _BUSY_SECONDS,
                "isolation_level": None,
                "check_same_thread": False,
                "cached_statements": _STATEMENTS,
            },
        )
        sa.event.listen(self.engine, "connect", _set_pragmas)
        preparing = Preparing(self.engine.dialect)
        self._given = (preparing, attesting or Attesting(), outbox or Outbox())
        self._idle: asyncio.LifoQueue[_Session | None] = asyncio.LifoQueue()
        for _ in range(_READERS):
            self._idle.put_nowait(None)
        self._turn = asyncio.Lock()
        self._writer: _Session | None = None
        self._group: _Group | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[_Session]:
        """A connection whose reads see one moment; raises AwayError."""
        session = await self._idle.get()
        try:
            with answering():
                session = session or _Session(self.engine, *self._given)
                await session.step("BEGIN DEFERRED")
                try:
                    yield session
                finally:
                    await session.step("ROLLBACK")
        except AwayError:
            if session is not None:
                session.close()
            session = None
            raise
        finally:
            self._idle.put_nowait(session)

    @asynccontextmanager
    async def write(self, request_id: str | None = None) -> AsyncIterator[_Session]:  # noqa: ARG002 -- all take turns here
        """A transaction; on disk when the block is left, undone when it raises, AwayError too."""
        with answering():
            async with self._turn:
                group = self._group or await self._begun()
                try:
                    async with group.savepoint():
                        yield group.session
                except Exception as error:
                    if is_away(error) or not group.session.is_in_transaction:
                        self._give_up(group, error)
                    raise
            await asyncio.shield(group.on_disk)

    async def _begun(self) -> _Group:
        if self._writer is None:
            self._writer = _Session(self.engine, *self._given)
            for command in (_AT_ONCE, _WRITER_CACHE):
                await self._writer.step(command)
        await self._writer.begin_writing()
        self._group = group = _Group(self._writer)
        # The lock is fair: the commit comes after all who wait for their turn now.
        group.committing = asyncio.create_task(self._commit(group))
        return group

    async def _commit(self, group: _Group) -> None:
        async with self._turn:
            if group is not self._group:
                return
            try:
                await group.session.commit()
            except Exception as error:  # noqa: BLE001 -- everybody in the group is told of it
                self._give_up(group, error)
            else:
                self._group = None
                group.on_disk.set_result(None)

    def _give_up(self, group: _Group, error: Exception) -> None:
        """Tells all who share a transaction that it is lost, and opens the file anew next time.

        After a failed sync nobody knows what of it is on disk; what the cache holds proves nothing.
        """
        self._group = self._writer = None
        group.session.close()
        group.on_disk.set_exception(error)
        group.on_disk.exception()  # there may be nobody left who asks

    async def close(self) -> None:
        """Closes all connections; what was written before is on disk."""
        async with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        for _ in range(_READERS):
            session = await self._idle.get()
            if session is not None:
                session.close()
        self.engine.dispose()


class _Group:
    """Blocks that share a transaction, and so the one sync that puts them on disk."""

    def __init__(self, session: _Session) -> None:
        self.session = session
        self.on_disk: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.committing: asyncio.Task[None] | None = None  # held here, or it might be collected

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        await self.session.step("SAVEPOINT block")
        try:
            yield
        except BaseException:
            self.session.info[WHILE_IT_LASTS].clear()  # it may have been undone
            # An error of the disk undoes the whole transaction by itself.
            with suppress(sqlite.OperationalError):
                await self.session.step("ROLLBACK TO block")
                await self.session.step("RELEASE block")
            raise
        await self.session.step("RELEASE block")


class _Session:
    """One connection and its thread; used by one task at a time.

    The transaction is begun and ended with plain statements: SQLAlchemy sees one that never ends.
    """

    def __init__(
        self, engine: sa.Engine, preparing: Preparing, attesting: Attesting, outbox: Outbox
    ) -> None:
        self.dialect = engine.dialect
        self.info: dict[Any, Any] = {}
        attesting.give_to(self.info)
        outbox.give_to(self.info)
        self._connection = engine.connect()
        self._preparing = preparing
        self._plain = cast("sqlite.Connection", self._connection.connection.dbapi_connection)
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._under_way = 0

    @property
    def is_in_transaction(self) -> bool:
        """Whether the file is locked for us; an error of the disk ends that by itself."""
        return bool(self._plain.in_transaction)

    async def execute(
        self, statement: sa.Executable, parameters: Any = None, /
    ) -> sa.CursorResult[*tuple[Any, ...]]:
        """Executes here what is quick, and in the thread what is about many rows."""
        is_heavy = HEAVY in statement.get_execution_options()
        if not (self._under_way or is_heavy or _is_long(statement, parameters)):
            return self._executed(statement, parameters)

        def step() -> sa.CursorResult[*tuple[Any, ...]]:
            found = self._executed(statement, parameters)
            return _whole(found) if is_heavy else found

        return await self._wait_for(step)

    def _executed(
        self, statement: sa.Executable, parameters: Any
    ) -> sa.CursorResult[*tuple[Any, ...]]:
        prepared = self._preparing.find(statement, parameters)
        if prepared is None:
            return self._connection.execute(statement, parameters)
        done: Any = prepared.execute(self._plain, parameters)
        return cast("sa.CursorResult[*tuple[Any, ...]]", done)

    async def step(self, command: str) -> None:
        """Takes a step that waits for nothing but what is still under way."""
        if not self._under_way:
            self._plain.execute(command)
            return
        await self._wait_for(lambda: self._plain.execute(command))

    async def begin_writing(self) -> None:
        """Takes the file's lock, and waits in the thread if another process has it."""
        self.info[WHILE_IT_LASTS] = {}
        if self._under_way:  # somebody was given up while waiting for it, and may have it by now
            await self._wait_for(lambda: None)
        if self.is_in_transaction:
            return
        try:
            await self.step("BEGIN IMMEDIATE")
        except sqlite.OperationalError as error:
            if error.sqlite_errorcode != sqlite.SQLITE_BUSY:
                raise
            await self._wait_for(lambda: _begin_patiently(self._plain))

    async def commit(self) -> None:
        await self._wait_for(self._plain.commit)

    def close(self) -> None:
        """Closes after whatever is still under way, without being waited for."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown(wait=False)

    async def _wait_for(self, step: Callable[[], T]) -> T:
        """Takes a step in the thread; one that is given up ends there before the next begins."""
        ended = asyncio.get_running_loop().run_in_executor(self._thread, step)
        self._under_way += 1
        ended.add_done_callback(self._ended)
        return await asyncio.shield(ended)

    def _ended(self, step: asyncio.Future[Any]) -> None:
        self._under_way -= 1
        if not step.cancelled():
            step.exception()  # whoever was given up does not ask any more


def _is_long(statement: sa.Executable, parameters: Any) -> bool:
    """Whether it may be about so many rows that everybody else would notice."""
    if isinstance(parameters, list):
        return len(parameters) > _FEW
    return isinstance(statement, sa.Update | sa.Delete) and statement.table in OF_MANY_ROWS


def _whole(found: sa.CursorResult[*tuple[Any, ...]]) -> sa.CursorResult[*tuple[Any, ...]]:
    """The same with its rows read: else each is read where it is asked for."""
    return cast("sa.CursorResult[*tuple[Any, ...]]", found.freeze()())


def _begin_patiently(connection: sqlite.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute(_AT_ONCE)


def _set_pragmas(connection: sqlite.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
