"""Puts a running gateway together: the one place where the parts meet."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from avgate_contracts.connector import Connector, Limits
from avgate_contracts.http import HttpClient, Runtime, open_client
from avgate_contracts.http.network import Network
from avgate_contracts.settings import ConnectorSettings
from avgate_gateway import listing, rewrapping
from avgate_gateway.api.application import application
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.health import Checks
from avgate_gateway.authentication import (
    ClaimNames,
    FixedKeys,
    Keys,
    Revocation,
    RotatingKeys,
    TokenPolicy,
    Verifier,
    open_signing_key,
    read_key_file,
)
from avgate_gateway.changes import Changes
from avgate_gateway.checkpointing import Checkpointer, open_evidence_key
from avgate_gateway.claims import Alone, Claims
from avgate_gateway.console.application import console
from avgate_gateway.console.forms import FORM
from avgate_gateway.console.links import LINK_SECONDS, console_audience
from avgate_gateway.discovering import fetch_discovered
from avgate_gateway.engine import PROTOCOL, Engine
from avgate_gateway.flow.advance import advance
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.guard import Limits as GuardLimits
from avgate_gateway.guard import PathRule
from avgate_gateway.key_fetching import fetch_over_http
from avgate_gateway.opening import file_of, open_store
from avgate_gateway.problem import record
from avgate_gateway.rates import Rates
from avgate_gateway.registry import (
    ConnectorRefusedError,
    Installed,
    OpenClient,
    StandIn,
    discover,
    opened,
    settings_type,
)
from avgate_gateway.retention import load_pack
from avgate_gateway.revoking import reading
from avgate_gateway.settings import (
    ControllerSettings,
    Settings,
    SettingsError,
    connector_settings,
)
from avgate_gateway.store.database import Database
from avgate_gateway.store.rates import SharedLedger
from avgate_gateway.webhooks import outlets
from avgate_gateway.webhooks.delivering import Deliverer
from avgate_gateway.witness import Witness

_logger = logging.getLogger(__name__)
_REFRESH_LISTS_SECONDS = 6 * 3600.0


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
    file: Path | None  # an encrypted SQLite file
    pages: ASGIApp  # the console
    deliverer: Deliverer

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
        await self.deliverer.start()
        kept = [
            asyncio.create_task(_keep_lists(self.context)),
            asyncio.create_task(self.checkpointer.run()),
            asyncio.create_task(
                rewrapping.keep(self.context.database, self.context.vault.ring, self.file)
            ),
        ]
        try:
            yield
        finally:
            for task in kept:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self.engine.stop()
            await self.deliverer.stop()
            await self.checkpointer.try_to_sign()
            for client in self.clients:
                await client.aclose()
            await self.context.database.close()


def assemble(settings: Settings, runtime: Runtime | None = None) -> Assembled:
    """Builds everything from the settings; raises SettingsError where they do not fit."""
    runtime = runtime or Runtime(transport=Network)
    store = open_store(settings)
    installed = discover(settings.connectors_allowed, settings.least_level)
    clients: list[HttpClient] = []

    def client(own: ConnectorSettings, limits: Limits) -> HttpClient:
        made = open_client(own, limits, runtime)
        clients.append(made)
        return made

    desks = {
        name: _desk(name, settings, controller, installed, client)
        for name, controller in settings.controllers.items()
    }
    context = Context(
        database=store.database,
        vault=store.vault,
        now=runtime.now,
        desks=desks,
        plan_valid=timedelta(days=settings.plan_valid_days),
        vault_keeps=timedelta(days=settings.vault_days),
        public_url=settings.public_url,
    )
    outlets.fill(store.database, settings.controllers)
    forms = outlets.forms(store.database, store.vault, settings.controllers)
    deliverer = Deliverer(store.database, forms, runtime)
    changes = Changes()
    claims = _claims(settings.database, runtime)

    async def advance_and_tell(request_id: str) -> None:
        async with claims.held(request_id) as is_ours:
            if is_ours:
                await advance(context, request_id)
        changes.tell(request_id)

    engine = Engine(store.database, advance_and_tell, runtime.now, desks, claims)
    checks = Checks(runtime.now)
    checkpointer = _checkpointer(settings, store.database, runtime)
    limits = _limits(settings)
    gateway = Gateway(
        context, engine.wake, changes, installed, checks, engine.bulkheads, engine.faults,
        evidence_trouble=lambda: checkpointer.trouble,
        sent=deliverer.attempts, rates=Rates(limits, SharedLedger(store.database, runtime.now)),
    )  # fmt: skip
    return Assembled(
        context, gateway, engine, tuple(clients), verifier(settings, store.database), limits, checkpointer,
        file_of(settings), _console(settings, gateway, runtime), deliverer,
    )  # fmt: skip


def _console(settings: Settings, gateway: Gateway, runtime: Runtime) -> ASGIApp:
    """The pages, and who is let in there: by a link of our own for want of an issuer."""
    own = settings.authentication
    policy = TokenPolicy(
        issuer=own.issuer,
        audience=console_audience(own.audience),
        controllers=frozenset(settings.controllers),
        longest_seconds=LINK_SECONDS,
    )
    keys = FixedKeys([open_signing_key(settings.token_key_file).public()])
    revocation = Revocation(reading(gateway.context.database), time.monotonic)
    links = Verifier(policy, keys, lambda: runtime.now().timestamp(), revocation=revocation)
    return console(gateway, links, settings.console, has_own_links=own.is_embedded)


def _checkpointer(settings: Settings, database: Database, runtime: Runtime) -> Checkpointer:
    key = open_evidence_key(settings.evidence_key_file)
    return Checkpointer(database, key, Witness(settings.checkpoints_file), runtime.now)


def _claims(database: str, runtime: Runtime) -> Claims:
    if database.startswith("sqlite"):
        return Alone()
    leased = import_module("avgate_gateway.leased")  # its driver is an extra
    claims: Claims = leased.Leased(database, PROTOCOL, runtime.now)
    return claims


def verifier(settings: Settings, database: Database) -> Verifier:
    """Who is believed: the configured issuer, or the key made here on first start."""
    own = settings.authentication
    policy = TokenPolicy(
        issuer=own.named_issuer,
        audience=own.audience,
        controllers=frozenset(settings.controllers),
        longest_seconds=own.token_seconds,
        several_audiences=own.several_audiences,
        plain_jwt=own.plain_jwt,
        claims=ClaimNames(**own.claims.model_dump()),
        controller_of_client={
            client: name for name, one in settings.controllers.items() for client in one.clients
        },
    )
    revocation = Revocation(reading(database), time.monotonic)
    return Verifier(policy, _keys(settings), time.time, revocation=revocation)


def _keys(settings: Settings) -> Keys:
    own = settings.authentication
    if own.issuer_url is not None:
        return RotatingKeys(
            fetch_discovered(
                own.issuer_url, partial(fetch_over_http, private_networks=own.private_networks)
            ),
            time.monotonic,
        )
    if own.jwks_url is not None:
        return RotatingKeys(fetch_over_http(own.jwks_url, own.private_networks), time.monotonic)
    if own.jwks_file is not None:
        return RotatingKeys(read_key_file(own.jwks_file), time.monotonic)
    return FixedKeys([open_signing_key(settings.token_key_file).public()])


def _desk(
    name: str,
    settings: Settings,
    controller: ControllerSettings,
    installed: Mapping[str, Installed],
    client: OpenClient,
) -> Desk:
    return Desk(
        name=name,
        title=controller.title,
        language=controller.language,
        pack=load_pack(controller.retention),
        answer_within_days=controller.answer_within_days,
        approval_exempt_clients=frozenset(controller.approval_exempt_clients),
        cooling_off=timedelta(minutes=controller.cooling_off_minutes),
        callback_hosts=controller.callback_hosts,
        callback_networks=controller.callback_private_networks,
        connectors={
            connector: _connector(settings, name, connector, installed, client)
            for connector in controller.connectors
        },
    )


def _connector(
    settings: Settings,
    controller: str,
    name: str,
    installed: Mapping[str, Installed],
    client: OpenClient,
) -> Connector:
    place = f"controllers.{controller}.connectors.{name}"
    one = installed.get(name)
    if one is None:
        known = ", ".join(sorted(installed)) or "none"
        message = f"{place}: no such connector is installed; installed are: {known}"
        raise SettingsError(settings.origins.path, [message])
    if not one.is_allowed:
        raise SettingsError(settings.origins.path, [f"{place}: {one.refused}"])
    try:
        own = connector_settings(settings, controller, name, settings_type(one))
        made, _ = opened(one, own, client)
    except ConnectorRefusedError as error:
        _logger.error("connector.refused place=%s reason=%s", place, error)  # noqa: TRY400 -- a trace would show a partner's words
        return StandIn(one, str(error))
    return made


def _limits(settings: Settings) -> GuardLimits:
    forms = PathRule("/console", frozenset({FORM}))
    return GuardLimits(**settings.limits.model_dump(), rules=(forms,))


async def _keep_lists(context: Context) -> None:
    while True:
        try:
            await listing.refresh(context)
        except Exception as error:  # noqa: BLE001 -- one odd list must not end all later rounds
            record(error)
        await asyncio.sleep(_REFRESH_LISTS_SECONDS)
