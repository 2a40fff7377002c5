"""Wakes requests: at once when something happened to them, and again when their time has come.

Durable execution is DBOS Transact's. Its one workflow takes ids, has no steps, and may run any
number of times: what is left to do stands in our rows. The sweep over `wake_at` is timer and
safety net in one, so a request is found even if the engine forgot it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from dbos import DBOS, DBOSPortableJSONSerializer, SetWorkflowID

from avgate_gateway.claims import Alone, Claims, executor_of
from avgate_gateway.problem import record
from avgate_gateway.store import idempotency, requests
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database
from avgate_gateway.turns import Advance, Turns

PROTOCOL = "1"  # counts engine protocols, not releases: any release finishes any other's work
_SWEEP_SECONDS = 1.0
_SWEEP_AT_ONCE = 64
_DRAIN_SECONDS = 10.0
_TIDY_SECONDS = 600.0
_TIDY_AT_ONCE = 500
_AFTER_A_FAULT = timedelta(seconds=30)
_HEAD_START = timedelta(seconds=1)  # of whoever was told of it, before others come and take it
_KEEP_FINISHED = timedelta(hours=1)
_CONNECTIONS = 5
_LIMITS = "-c idle_in_transaction_session_timeout=10s -c lock_timeout=10s"
_KEEP_ANSWERS = timedelta(days=30)  # how long an idempotency key is remembered
_log = logging.getLogger("avgate.engine")


class Engine:
    """The one place where work is begun; `start` and `stop` it with the process."""

    def __init__(
        self,
        url: str,
        database: Database,
        advance: Advance,
        now: Callable[[], datetime],
        claims: Claims | None = None,
    ) -> None:
        self._url = url
        self._database = database
        self._claims = claims or Alone()
        self._turns = Turns(advance)
        self._now = now
        self._home: asyncio.AbstractEventLoop | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._begun: set[asyncio.Task[Any]] = set()

        @DBOS.workflow(name="advance")
        async def workflow(ids: list[str]) -> None:
            await self._at_home(ids)

        self._workflow = workflow

    async def start(self) -> None:
        """Launches the engine, which takes up what a dead process left, and begins to sweep."""
        self._home = asyncio.get_running_loop()
        await self._claims.start()
        DBOS(
            config={
                "name": "avgate",
                "system_database_engine": _engine(self._url),
                "application_version": PROTOCOL,
                "executor_id": self._claims.executor,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "WARNING",
            }
        )
        await asyncio.to_thread(DBOS.launch)
        self._loops = [
            asyncio.create_task(self._every(_SWEEP_SECONDS, self._sweep)),
            asyncio.create_task(self._every(_TIDY_SECONDS, self._tidy)),
        ]

    async def stop(self) -> None:
        """Ends the sweep and the engine; what was under way is taken up at the next start."""
        for loop in self._loops:
            loop.cancel()
        for loop in self._loops:
            with suppress(asyncio.CancelledError):
                await loop
        if not await self._turns.finished(_DRAIN_SECONDS):
            _log.warning("engine.stopped with work under way; the next start takes it up")
        await self._claims.stop()
        await asyncio.to_thread(DBOS.destroy)

    def wake(self, request_ids: Iterable[str]) -> None:
        """Begins to work on requests; returns at once, and what it misses the sweep finds."""
        ids = list(request_ids)
        if ids:
            begun = asyncio.create_task(self._begin(ids))
            self._begun.add(begun)
            begun.add_done_callback(self._begun.discard)

    async def _begin(self, ids: list[str]) -> None:
        try:
            with SetWorkflowID(str(uuid4())):
                await DBOS.start_workflow_async(self._workflow, ids)
        except Exception as error:  # noqa: BLE001 -- the sweep begins what could not be begun here
            _log.error("engine.refused %s", type(error).__name__)

    async def _at_home(self, ids: list[str]) -> None:
        """Advances on our own loop: what a dead process left, the engine begins on another."""
        home = self._home
        if home is None or home is asyncio.get_running_loop():
            await self._advance_all(ids)
            return
        begun = asyncio.run_coroutine_threadsafe(self._advance_all(ids), home)
        await asyncio.wrap_future(begun)

    async def _advance_all(self, ids: list[str]) -> None:
        results = await asyncio.gather(
            *(self._turns.take(request_id) for request_id in ids), return_exceptions=True
        )
        for request_id, result in zip(ids, results, strict=True):
            if isinstance(result, asyncio.CancelledError):
                raise result
            if isinstance(result, CutShortError):
                _log.warning("request.cut_short %s", request_id)  # the sweep finds it still due
            elif isinstance(result, BaseException):
                await self._postpone(request_id, result)

    async def _postpone(self, request_id: str, error: BaseException) -> None:
        """A request that trips us up is tried again, but not every second."""
        _log.error("request.postponed %s", request_id)
        record(error)
        with suppress(sa.exc.SQLAlchemyError, CutShortError):
            async with self._database.write() as db:
                await requests.wake(db, request_id, self._now() + _AFTER_A_FAULT)

    async def _sweep(self) -> None:
        others = await self._claims.others()
        async with self._database.read() as db:
            running = self._turns.running()[:_SWEEP_AT_ONCE]
            before = self._now() - (_HEAD_START if others else timedelta(0))
            due = await requests.due(db, before, _SWEEP_AT_ONCE, running, others)
        self.wake(due)

    async def _tidy(self) -> None:
        """Drops finished workflows and old answers, so that neither table grows for ever."""
        before = (self._now() - _KEEP_FINISHED).isoformat()
        while finished := await DBOS.list_workflows_async(
            completed_before=before, limit=_TIDY_AT_ONCE, load_input=False, load_output=False
        ):
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in finished])
        await self._bury()
        async with self._database.write() as db:
            await idempotency.expire(db, self._now() - _KEEP_ANSWERS)

    async def _bury(self) -> None:
        """Drops what the dead left with the engine: their requests were taken over by our rows."""
        living = {self._claims.executor, *map(executor_of, await self._claims.others())}
        before = (self._now() - _KEEP_FINISHED).isoformat()
        pending = await DBOS.list_workflows_async(
            status="PENDING", end_time=before, limit=_TIDY_AT_ONCE, load_input=False
        )
        dead = [one.workflow_id for one in pending if one.executor_id not in living]
        if dead:
            await DBOS.delete_workflows_async(dead)
        await self._claims.bury()

    async def _every(self, seconds: float, work: Callable[[], Any]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 -- a sweep that fails must sweep again
                record(error)
            await asyncio.sleep(seconds)


def _engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_pre_ping=True,
            connect_args={"application_name": "avgate engine", "options": _LIMITS},
        )
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine
