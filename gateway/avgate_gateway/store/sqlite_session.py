"""One connection to the SQLite file, and its thread for what may take long."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.connection import WHILE_IT_LASTS
from avgate_gateway.store.outbox import Outbox
from avgate_gateway.store.own_thread import OwnThread
from avgate_gateway.store.place import Place
from avgate_gateway.store.prepared import Preparing

BUSY_SECONDS = 30
AT_ONCE = "PRAGMA busy_timeout=0"
_FEW = 50  # rows at a time that nobody notices


class Session:
    """One connection and its thread; used by one task at a time.

    The transaction is begun and ended with plain statements: SQLAlchemy sees one that never ends.
    """

    def __init__(
        self, engine: sa.Engine, place: Place, preparing: Preparing, attesting: Attesting,
        outbox: Outbox,
    ) -> None:  # fmt: skip
        """Raises AwayError where the file is not the one that was opened first."""
        self.dialect = engine.dialect
        self.info: dict[Any, Any] = {}
        attesting.give_to(self.info)
        outbox.give_to(self.info)
        self._place = place
        place.look()  # one that was removed would be made anew by opening it
        self._connection = engine.connect()
        self._preparing = preparing
        self._plain = cast("sqlite.Connection", self._connection.connection.dbapi_connection)
        self._plain.execute("PRAGMA schema_version").fetchall()  # opens its log too
        self._log = place.look()
        self.thread = OwnThread("sqlite")

    def look(self) -> None:
        """Raises AwayError where the file, or its log, is not the one that this connection has open."""
        self._place.look(self._log)

    @property
    def is_in_transaction(self) -> bool:
        """Whether the file is locked for us; an error of the disk ends that by itself."""
        return bool(self._plain.in_transaction)

    async def execute(self, statement: sa.Executable, parameters: Any = None, /) -> Any:
        """Executes here what is quick, and in the thread what is about many rows."""
        known = self._preparing.known(statement)
        prepared = self._preparing.find(known, statement, parameters)
        is_long = known.is_heavy or (
            len(parameters) > _FEW if isinstance(parameters, list) else known.is_long
        )
        if prepared is not None and not (is_long or self.thread.under_way):
            return prepared.execute(self._plain, parameters)

        def step() -> Any:
            if prepared is not None:
                return prepared.execute(self._plain, parameters)
            found = self._connection.execute(statement, parameters)
            return _whole(found) if found.returns_rows else found

        return await self.thread.wait_for(step) if is_long or self.thread.under_way else step()

    async def step(self, command: str) -> None:
        """Takes a step that waits for nothing but what is still under way."""
        if not self.thread.under_way:
            self._plain.execute(command)
            return
        await self.thread.wait_for(lambda: self._plain.execute(command))

    async def undo(self) -> None:
        """Ends a transaction of which nothing is to stay; an error of the disk has ended it by itself."""
        if self.thread.under_way:
            await self.thread.wait_for(lambda: None)
        if self.is_in_transaction:
            self._plain.execute("ROLLBACK")

    async def begin_writing(self) -> None:
        """Takes the file's lock, and waits in the thread if another process has it."""
        self.info[WHILE_IT_LASTS] = {}
        if (
            self.thread.under_way
        ):  # somebody was given up while waiting for it, and may have it by now
            await self.thread.wait_for(lambda: None)
        if self.is_in_transaction:
            return
        try:
            await self.step("BEGIN IMMEDIATE")
        except sqlite.OperationalError as error:
            if error.sqlite_errorcode != sqlite.SQLITE_BUSY:
                raise
            await self.thread.wait_for(lambda: _begin_patiently(self._plain))

    async def commit(self) -> None:
        await self.thread.wait_for(self._plain.commit)

    def close(self) -> None:
        """Closes after whatever is still under way, without being waited for."""
        self.thread.end_with(self._connection.close)

    async def aclose(self) -> None:
        """Closes, and waits for it: what is in the log moves into the file then."""
        await self.thread.wait_for(self._connection.close)
        self.thread.end()


def _whole(found: sa.CursorResult[*tuple[Any, ...]]) -> sa.CursorResult[*tuple[Any, ...]]:
    """The same with its rows read: one that is left half read keeps its moment after the transaction.

    SQLite's ROLLBACK leaves reads that are under way as they are, and whoever reads next over this
    connection would see what the file held then (sqlite.org, "Transaction", its paragraph on ROLLBACK).
    """
    return cast("sa.CursorResult[*tuple[Any, ...]]", found.freeze()())


def _begin_patiently(connection: sqlite.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute(AT_ONCE)
