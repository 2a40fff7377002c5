"""The systems behind the desk: what each can do, how it is, what waits there, and its pause."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.connector import Connector
from avgate_contracts.day import local_day
from avgate_gateway.api.connectors import own_connector, pauses_of
from avgate_gateway.api.health import Health
from avgate_gateway.authentication import Scope
from avgate_gateway.console.deliveries import lately_lost
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.taken_in import taken_in
from avgate_gateway.identity_document import find_identity_data
from avgate_gateway.problem import INVALID_CONTENT, Problem
from avgate_gateway.registry import Installed, capabilities
from avgate_gateway.store import standing
from avgate_gateway.store.pauses import LONGEST_REASON, Pause
from avgate_gateway.store.standing import Fared, Queue

_HERE = "/console/systems"
_PATIENCE_SECONDS = 0.5  # a page that shows what was known before is better than a slow one
RIGHTS = ("access", "rectify", "erase", "export", "confirm", "register")


def routes(door: Door) -> list[Route]:
    return [
        door.page(_HERE, show, Scope.READ),
        door.form(f"{_HERE}/check", check, Scope.READ),
        door.form(f"{_HERE}/{{connector}}/pause", pause, Scope.ADMIN),
        door.form(f"{_HERE}/{{connector}}/resume", resume, Scope.ADMIN),
    ]


@dataclass(frozen=True, slots=True)
class System:
    """One system as the page shows it."""

    name: str
    installed: Installed
    connector: Connector | None  # None where it is not set up for this controller
    health: Health | None
    paused: Pause | None
    queue: Queue
    fared: Fared

    @property
    def title(self) -> str:
        manifest = self.installed.manifest
        return manifest.title if manifest else self.name

    @property
    def rights(self) -> Mapping[str, bool]:
        found = capabilities(self.installed.kind)
        return {name: name in found for name in RIGHTS}


async def show(visit: Visit, problem: Problem | None = None) -> Response:
    gateway, caller = visit.gateway, visit.staff.caller
    desk, now = visit.desk, gateway.context.now()
    paused = pauses_of(gateway).of(desk.name)
    async with gateway.context.database.read() as db:
        queues = await standing.queues(db, desk.name, now, local_day(now))
        lost = await lately_lost(visit, db)
        fared = {name: await standing.fared(db, desk.name, name) for name in desk.connectors}
    # A system that is worked on is left alone, unless somebody asks.
    free = {name: one for name, one in desk.connectors.items() if name not in paused}
    await gateway.checks.ask(desk.name, free, _PATIENCE_SECONDS)
    systems = [
        System(
            name=name,
            installed=one,
            connector=desk.connectors.get(name),
            health=gateway.checks.last(desk.name, name),
            paused=paused.get(name),
            queue=queues.get(name, Queue()),
            fared=fared.get(name, Fared()),
        )
        for name, one in gateway.installed.items()
    ]
    context = {
        "systems": sorted(systems, key=lambda one: (one.connector is None, one.title.casefold())),
        "problem": problem,
        "lost": lost,
        "may_pause": Scope.ADMIN.value in caller.scopes,
        "longest": LONGEST_REASON,
    }
    return visit.sheet.page("systems.html", context, status=problem.type.status if problem else 200)


async def check(visit: Visit) -> Response:
    """Asks each system now how it is; at most every half a minute, whoever asks."""
    desk, checks = visit.desk, visit.gateway.checks
    await asyncio.gather(*(checks.of(desk.name, *one) for one in desk.connectors.items()))
    return taken_in(_HERE, "checked")


async def pause(visit: Visit) -> Response:
    gateway, caller = visit.gateway, visit.staff.caller
    name = own_connector(gateway, caller, visit.http.path_params["connector"])
    reason = visit.form.one("reason")
    wrong = _wrong_with(reason)
    if wrong is not None:
        return await show(visit, wrong)
    await pauses_of(gateway).pause(caller.controller, name, caller.client_id, reason)
    return taken_in(_HERE, "paused")


async def resume(visit: Visit) -> Response:
    gateway, caller = visit.gateway, visit.staff.caller
    name = own_connector(gateway, caller, visit.http.path_params["connector"])
    await pauses_of(gateway).resume(caller.controller, name, caller.client_id)
    return taken_in(_HERE, "resumed")


def _wrong_with(reason: str) -> Problem | None:
    if not reason:
        return Problem(INVALID_CONTENT, "Say why: colleagues see it with every request that waits.")
    if len(reason) > LONGEST_REASON:
        return Problem(INVALID_CONTENT, "This reason is too long.")
    finding = find_identity_data(reason, "reason")
    return Problem(INVALID_CONTENT, finding.message) if finding else None
