"""The doors to PostgreSQL: a pool to read, one to write, and one for claims.

Addresses are libpq's, so `sslmode`, several hosts and a socket's folder work as everywhere else. Every
session limits itself: a worker that froze with a transaction open must not hold its locks for ever. It
does so by a statement, for a pooler in between lets few settings of a connection's start through.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from avgate_gateway.hosts import one_by_one
from avgate_gateway.store import holding, timelines
from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.cut_short import AwayError, answering
from avgate_gateway.store.outbox import Outbox

_ANSWERS_WITHIN = 20.0
_CONNECTS_WITHIN = 5.0
_POOL_WITHIN = 10.0
_CLOSES_WITHIN = 5.0  # all together: each would wait for an answer as a statement does
# A client that is cut off in the middle of a message is neither idle nor running a statement.
_LIMITS_TRANSACTIONS = 17
_WHOLE_TRANSACTION = {"transaction_timeout": "15s"}
_IDLE_SECONDS = 5.0
_LIVES = "SELECT 1"
_ASKED_WITHIN = 3.0  # seconds: as long as a beat has
_EACH = 8  # connections to read, and as many to write
_CLAIMING = 2
_LIMITS = {
    "lock_timeout": "10s",
    "statement_timeout": "20s",
    "idle_in_transaction_session_timeout": "10s",
    "row_security": "off",  # what would be hidden is an error, and not as if it were not there
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

_SESSION = "SELECT pg_backend_pid()"
_NOT_THERE = (OSError, asyncpg.PostgresError, asyncpg.TargetServerAttributeNotMatched, AwayError)
_LOOKS_FOR_A_POOLER = 3  # in between two looks of one, somebody else may have taken the session
_IS_POOLED = (
    "a pooler gives one session of the database to several connections of ours in turn, as PgBouncer does with "
    "pool_mode = transaction; have it pool by session, or name the database itself in `database`"
)

# What each pool opened: where a server does not answer, nobody else knows all of it to give it up.
_OPENED: WeakKeyDictionary[sa.Pool, WeakSet[Any]] = WeakKeyDictionary()


class PostgresqlServer:
    """One database on a server, which several processes on several machines share."""

    def __init__(
        self, url: str, attesting: Attesting | None = None, outbox: Outbox | None = None
    ) -> None:
        self._readers, self._single = readers(url)
        self._writers = writers(url)
        self._attesting = attesting or Attesting()
        self._outbox = outbox or Outbox()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose reads see one moment; raises AwayError.

        Of what is held here only people's decisions come between two reads, as they do between two
        of these; so it is spared the steps of a transaction.
        """
        engine = self._single if holding.HELD.get() else self._readers
        with answering():
            async with engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(
        self,
        request_id: str | None = None,
        *,
        ahead: bool = False,  # noqa: ARG002 -- nobody waits here for who writes something else
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction; raises AwayError, or SupersededError where another worker took over."""
        with answering():
            async with self._writers.begin() as connection:
                await holding.secure(connection, request_id)
                self._attesting.give_to(connection.info)
                self._outbox.give_to(connection.info)
                yield connection

    async def close(self) -> None:
        """Closes all connections."""
        await disposed(self._readers, self._writers)


def readers(address: str) -> tuple[AsyncEngine, AsyncEngine]:
    """One pool in two ways: whose reads see one moment, and whose reads each see their own.

    The first may last, while a slow caller takes what is read; the second takes a third of the steps.
    """
    pool = _engine(address, _EACH, {**_LIMITS, "idle_in_transaction_session_timeout": "10min"})
    # Both from the pool: options on top of options are lost, and the first ones stay.
    return (
        pool.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        pool.execution_options(isolation_level="AUTOCOMMIT"),
    )


def writers(address: str) -> AsyncEngine:
    """Whose statements see what was committed before each: locks are taken before reading."""
    made = _engine(address, _EACH, _LIMITS)
    return made.execution_options(isolation_level="READ COMMITTED")


def claiming(address: str) -> AsyncEngine:
    """For single statements that need not be on disk when they are answered.

    A claim that a crash of the server takes back was followed by nothing that lasts: any later commit
    puts it on disk too.
    """
    made = _engine(address, _CLAIMING, {**_LIMITS, "synchronous_commit": "off"})
    return made.execution_options(isolation_level="AUTOCOMMIT")


async def connected(
    address: str,
    session: dict[str, str],
    name: str = "avgate",
    connects_within: float = _CONNECTS_WITHIN,
    answers_within: float = _ANSWERS_WITHIN,
) -> asyncpg.Connection:
    """A connection whose session has these settings, to the first host that will do; raises what the last says."""
    *others, last = one_by_one(address)
    within = connects_within / (len(others) + 1)
    for one in others:
        with suppress(*_NOT_THERE):
            return await _connected(one, session, name, within, answers_within)
    return await _connected(last, session, name, within, answers_within)


async def _connected(
    address: str, session: dict[str, str], name: str, connects_within: float, answers_within: float
) -> asyncpg.Connection:
    made = await asyncpg.connect(
        address, timeout=connects_within, command_timeout=answers_within,
        server_settings={"application_name": name},
    )  # fmt: skip
    try:
        whole = _WHOLE_TRANSACTION if session is _LIMITS and _limits_transactions(made) else {}
        wanted = {**session, **whole}.items()
        await made.execute("; ".join(f"SET {setting} = '{value}'" for setting, value in wanted))
        await timelines.MET.meet(made)
    except BaseException:
        made.terminate()  # given up before anybody had it, nobody else would close it
        raise
    return made


def _limits_transactions(connection: asyncpg.Connection) -> bool:
    return bool(connection.get_server_version().major >= _LIMITS_TRANSACTIONS)


async def insist_on_sessions(address: str) -> None:
    """Raises AwayError where two connections are given one session: settings and statements would be others'."""
    with answering():
        first, second = [await connected(address, _LIMITS) for _ in range(2)]
        try:
            for _ in range(_LOOKS_FOR_A_POOLER):
                sessions = [await one.fetchval(_SESSION) for one in (first, second)]
                if sessions[0] == sessions[1]:
                    raise AwayError(_IS_POOLED)
        finally:
            first.terminate()
            second.terminate()


async def disposed(*engines: AsyncEngine) -> None:
    """Closes all connections; those whose server does not answer any more are cut."""
    opened = [each for engine in engines for each in _OPENED.get(engine.pool, ())]
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSES_WITHIN):
            for engine in engines:
                await engine.dispose()
    for each in opened:
        if not each.is_closed():
            each.terminate()


def _engine(address: str, size: int, session: dict[str, str]) -> AsyncEngine:
    all_opened = WeakSet[Any]()

    async def opened() -> Any:
        made = await connected(address, session, answers_within=_ANSWERS_WITHIN)
        all_opened.add(made)
        return made

    made = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=opened,
        hide_parameters=True,  # an error's message would show what was written
        pool_size=size,
        max_overflow=0,
        pool_timeout=_POOL_WITHIN,
    )
    _OPENED[made.pool] = all_opened
    sa.event.listen(made.sync_engine, "checkin", _used)
    sa.event.listen(made.sync_engine, "checkout", _check)
    return made


def _used(_connection: object, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check(connection: Any, record: Any, _proxy: object) -> None:
    """Has a connection opened anew that the server closed, or that was idle and does not answer.

    What the driver knows costs nothing to ask; asking the server costs every reader a step more. Where one does
    not answer, its machine may be gone and another be there, or is there: those beside it are opened anew too, unasked.
    """
    is_old = time.monotonic() - record.info.get("used", time.monotonic()) > _IDLE_SECONDS
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError
    try:
        timelines.MET.insist(connection.driver_connection)
        if is_old:
            await_only(connection.driver_connection.fetchval(_LIVES, timeout=_ASKED_WITHIN))
    except Exception as error:
        raise sa.exc.InvalidatePoolError from error
