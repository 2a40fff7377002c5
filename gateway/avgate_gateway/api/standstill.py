"""Why a request stands still, from what this process knows of places, mistakes and pauses."""

from __future__ import annotations

from collections.abc import Mapping

from avgate_gateway.api.gateway import Gateway
from avgate_gateway.bulkheads import named
from avgate_gateway.flow import breaker
from avgate_gateway.holdup import hold_up, is_late
from avgate_gateway.request import State, SubjectRequest, WaitingFor
from avgate_gateway.store import tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.pauses import Pause

HELD = (
    "More erasures than usual were to begin within an hour. Its client needs no second person, but this "
    "one does: see whether it is meant, and approve or reject its plan."
)


async def held_up(db: Connection, gateway: Gateway, request: SubjectRequest) -> str | None:
    """Why a request does not get on though its time has come; None where it does."""

    def is_full(connector: str) -> bool:
        return gateway.bulkheads.is_full(named(request.controller, connector))

    now, fault = gateway.context.now(), gateway.faults.of(request.id)
    paused = paused_for(gateway, request)
    if request.waiting_for is WaitingFor.APPROVAL and await _is_held(db, gateway, request):
        return HELD
    if fault is None and not paused and not is_late(request, now):
        return None
    its_tasks = await tasks.of_request(db, request.id)
    return hold_up(request, its_tasks, now, is_full, fault, paused)


async def _is_held(db: Connection, gateway: Gateway, request: SubjectRequest) -> bool:
    """Whether it needed nobody's approval, and does now."""
    desk = gateway.context.desks[request.controller]
    return request.client_id in desk.approval_exempt_clients and await breaker.is_held(db, request)


def paused_for(gateway: Gateway, request: SubjectRequest) -> Mapping[str, Pause]:
    """Which systems are paused that an open request may need."""
    pauses = gateway.context.pauses
    if pauses is None or request.state is State.CLOSED or request.identity is None:
        return {}
    return pauses.of(request.controller)
