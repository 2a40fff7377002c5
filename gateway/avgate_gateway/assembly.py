"""Puts a running gateway together: the one place where the parts meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module

from fastapi import FastAPI
from starlette.types import ASGIApp

from avgate_contracts.connector import Limits
from avgate_contracts.http import HttpClient, Runtime, open_client
from avgate_contracts.http.network import Network
from avgate_contracts.settings import ConnectorSettings
from avgate_gateway.api.application import application
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.health import Checks
from avgate_gateway.authentication import Verifier
from avgate_gateway.believing import verifier
from avgate_gateway.changes import Changes
from avgate_gateway.checkpointing import Checkpointer, open_evidence_key
from avgate_gateway.claims import Alone, Claims
from avgate_gateway.console.assembling import console_of
from avgate_gateway.console.forms import FORM
from avgate_gateway.courier import Courier, courier_of
from avgate_gateway.desks import desk_of
from avgate_gateway.engine import PROTOCOL, Engine
from avgate_gateway.flow.advance import advance
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.guard import Limits as GuardLimits
from avgate_gateway.guard import PathRule
from avgate_gateway.opendsr import calling
from avgate_gateway.opendsr.opened import opened_processor
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.opening import Store, file_of, open_store
from avgate_gateway.pausing import Pauses
from avgate_gateway.rates import Rates
from avgate_gateway.refusals import Refusals
from avgate_gateway.registry import discover
from avgate_gateway.rounds import Rounds
from avgate_gateway.settings import Settings
from avgate_gateway.store import evidence
from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database
from avgate_gateway.store.rates import SharedLedger
from avgate_gateway.traces import Traces
from avgate_gateway.traces.upstream import tracing
from avgate_gateway.upkeep import keep_up, write_down
from avgate_gateway.webhooks.delivering import Deliverer
from avgate_gateway.witness import Witness

_LAST_WORDS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Assembled:
    """A gateway that is ready to be started."""

    context: Context
    gateway: Gateway
    engine: Engine
    clients: tuple[HttpClient, ...]
    verifier: Verifier
    limits: GuardLimits
    checkpointer: Checkpointer
    pages: ASGIApp  # the console
    deliverer: Deliverer
    courier: Courier

    def app(self) -> ASGIApp:
        """The HTTP application, which starts and stops the engine with itself."""
        return application(
            self.gateway, self.verifier, self.limits, self._lifespan, pages=self.pages
        )

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with self.running():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The engine at work, lists and keys kept up to date, for as long as the block lasts."""
        await self.engine.start()
        try:
            yield
        finally:
            await self.engine.stop()
            await self.courier.stop()
            # All together: each would wait for a silent database as long as a statement does, and
            # what supervises the process would end it by force. What is missed, others do later.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._say_what_is_left()
            await self.deliverer.stop()
            await self.gateway.checks.stop()
            for client in self.clients:
                await client.aclose()
            await self.context.database.close()

    async def _say_what_is_left(self) -> None:
        await self.deliverer.send_the_last()
        with suppress(CutShortError):
            await write_down(self.context, self.gateway.refusals)
        await self.checkpointer.try_to_sign()


def assemble(
    settings: Settings, runtime: Runtime | None = None, traces: Traces | None = None
) -> Assembled:
    """Builds everything from the settings; raises SettingsError where they do not fit."""
    traces = traces or Traces()
    runtime = replace(runtime or Runtime(transport=Network), tracing=tracing(traces))
    store = open_store(settings)
    installed = discover(settings.connectors_allowed, settings.least_level)
    clients: list[HttpClient] = []

    def client(own: ConnectorSettings, limits: Limits) -> HttpClient:
        made = open_client(own, limits, runtime)
        clients.append(made)
        return made

    desks = {
        name: desk_of(name, settings, controller, installed, client)
        for name, controller in settings.controllers.items()
    }
    context = _context(settings, store, runtime.now, desks, traces)
    processor = opened_processor(settings, runtime.now())
    deliverer = _deliverer(settings, processor, context, runtime)
    changes = Changes(lambda last: _told_since(store.database, last))
    claims = _claims(settings.database, runtime)

    rounds = Rounds()
    engine = Engine(
        store.database, _advancing(context, claims, changes), runtime.now, desks, claims, pauses=context.pauses,
        rounds=rounds,
    )  # fmt: skip
    checkpointer = _checkpointer(settings, store.database, runtime)
    courier = courier_of(settings, context, installed, runtime)
    deliverer.join(rounds)
    refusals = Refusals()
    keep_up(rounds, context, checkpointer, courier, file_of(settings), refusals)
    limits = _limits(settings)
    gateway = Gateway(
        context, engine.wake, changes, installed, Checks(runtime.now), engine.bulkheads, engine.faults,
        checkpointer=checkpointer, opendsr=processor, rounds=rounds, refusals=refusals, claims=claims,
        destinations=courier.destinations, sent=deliverer.attempts,
        rates=Rates(limits, SharedLedger(store.database, runtime.now)),
    )  # fmt: skip
    return Assembled(
        context, gateway, engine, tuple(clients), verifier(settings, store.database), limits, checkpointer,
        console_of(settings, gateway, runtime), deliverer, courier,
    )  # fmt: skip


def _advancing(
    context: Context, claims: Claims, changes: Changes
) -> Callable[[str], Awaitable[None]]:
    async def advance_and_tell(request_id: str) -> None:
        async with claims.held(request_id) as is_ours:
            if is_ours:
                await advance(context, request_id)
        changes.tell(request_id)

    return advance_and_tell


async def _told_since(database: Database, last: int | None) -> tuple[int, frozenset[str]]:
    async with database.read() as db:
        return await evidence.told_since(db, last)


def _deliverer(
    settings: Settings, processor: Processor | None, context: Context, runtime: Runtime
) -> Deliverer:
    forms = calling.forms(processor, context.database, context.vault, settings.controllers)
    return Deliverer(context.database, forms, runtime)


def _context(
    settings: Settings,
    store: Store,
    now: Callable[[], datetime],
    desks: Mapping[str, Desk],
    traces: Traces,
) -> Context:
    return Context(
        database=store.database,
        vault=store.vault,
        now=now,
        desks=desks,
        plan_valid=timedelta(days=settings.plan_valid_days),
        vault_keeps=timedelta(days=settings.vault_days),
        public_url=settings.public_url,
        traces=traces,
        pauses=Pauses(store.database, now),
        began=now(),
    )


def _checkpointer(settings: Settings, database: Database, runtime: Runtime) -> Checkpointer:
    key = open_evidence_key(settings.evidence_key_file)
    return Checkpointer(database, key, Witness(settings.checkpoints_file), runtime.now)


def _claims(database: str, runtime: Runtime) -> Claims:
    if database.startswith("sqlite"):
        return Alone()
    leased = import_module("avgate_gateway.leased")  # its driver is an extra
    claims: Claims = leased.Leased(database, PROTOCOL, runtime.now)
    return claims


def _limits(settings: Settings) -> GuardLimits:
    forms = PathRule("/console", frozenset({FORM}))
    limits = settings.limits.model_dump()
    return GuardLimits(**limits, is_https=settings.is_https, rules=(forms,))
