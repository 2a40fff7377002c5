"""Messages to other systems: who is told of requests, what did not arrive and why, and sending it again."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from avgate_gateway.api.answering import from_cursor, to_cursor
from avgate_gateway.api.webhooks import enabled, known, replayed, tested
from avgate_gateway.authentication import Scope
from avgate_gateway.console.delivery_labels import became
from avgate_gateway.console.door import Door, Visit, to
from avgate_gateway.problem import Problem, ProblemError
from avgate_gateway.store import deliveries, endpoints, undelivered
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.deliveries import Attempt, Delivery, DeliveryState, Wanted
from avgate_gateway.store.endpoints import Standing
from avgate_gateway.store.outbox import Described

PAGE: Final = "/console/deliveries"
_AT_ONCE: Final = 25
_LATELY: Final = timedelta(days=14)  # what was lost before that is on its page, and bothers nobody
_LONGEST: Final = 300
_REQUEST: Final = re.compile(r"[0-9a-f-]{36}")


def routes(door: Door) -> list[Route]:
    return [
        door.page(PAGE, show, Scope.READ),
        door.form(f"{PAGE}/enable", enable, Scope.READ, Scope.ADMIN),
        door.form(f"{PAGE}/test", test, Scope.READ, Scope.ADMIN),
        door.form(f"{PAGE}/{{delivery_id}}/replay", replay, Scope.READ, Scope.ADMIN),
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which messages are shown; None is all."""

    state: DeliveryState | None = None
    receiver: str | None = None
    request_id: str | None = None

    @classmethod
    def asked(cls, visit: Visit) -> Shown:
        """What the address says."""
        state = visit.asked("state")
        chosen = DeliveryState(state) if state in list(DeliveryState) else None
        receiver, request = visit.asked("receiver"), visit.asked("request")
        is_one = _REQUEST.fullmatch(request) is not None
        return cls(chosen, receiver[:_LONGEST] or None, request if is_one else None)

    def address(self, **changes: str | None) -> str:
        """The address that shows it, or something beside it."""
        own = {"state": self.state, "receiver": self.receiver, "request": self.request_id}
        told = {name: value for name, value in {**own, **changes}.items() if value}
        return f"{PAGE}?{urlencode(told)}" if told else PAGE


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is told of requests, and how it goes with them."""

    described: Described
    standing: Standing


async def show(visit: Visit, problem: Problem | None = None) -> Response:
    shown, caller = Shown.asked(visit), visit.staff.caller
    wanted = Wanted(
        caller.controller, shown.state, shown.receiver, shown.request_id,
        from_cursor(visit.asked("after") or None), _AT_ONCE + 1,
    )  # fmt: skip
    async with visit.gateway.context.database.read() as db:
        found = await deliveries.listed(db, wanted)
        page = found[:_AT_ONCE]
        attempts = await deliveries.attempts(db, [one.id for one in page])
        counts = await deliveries.counted(db, caller.controller)
        receivers = await _receivers(db, visit)
    last = page[-1] if len(found) > _AT_ONCE else None
    context = {
        "shown": shown,
        "deliveries": page,
        "attempts": attempts,
        "became": became,
        "counts": counts,
        "states": list(DeliveryState),
        "receivers": receivers,
        "now": visit.gateway.context.now(),
        "may_send": visit.staff.may(Scope.ADMIN),
        "can_replay": _can_replay(page, attempts, receivers),
        "problem": problem,
        "next": to_cursor(last.made_at, last.id) if last else None,
        "sent": visit.asked("sent"),
    }
    status = problem.type.status if problem else 200
    return visit.sheet.page("deliveries.html", context, status=status)


async def replay(visit: Visit) -> Response:
    """Sends one message again."""
    which = visit.http.path_params["delivery_id"]
    return await _done(visit, replayed(visit.gateway, visit.staff.caller, which), "again")


async def enable(visit: Visit) -> Response:
    """Sends to a receiver again, what was kept back too."""
    receiver = visit.form.one("receiver")
    return await _done(visit, enabled(visit.gateway, visit.staff.caller, receiver), "enabled")


async def test(visit: Visit) -> Response:
    """Sends a test to a receiver."""
    receiver = visit.form.one("receiver")
    return await _done(visit, tested(visit.gateway, visit.staff.caller, receiver), "test")


async def _done(visit: Visit, step: Awaitable[object], told: str) -> Response:
    """Takes a step of the interface's, and says on the page what it was, or why not."""
    try:
        await step
    except ProblemError as error:
        return await _refused(visit, error)
    return to(f"{PAGE}?sent={told}")


async def lately_lost(visit: Visit, db: Connection) -> int:
    """How many messages did not arrive in the last days; nothing is asked where nobody is told."""
    if not known(visit.gateway, visit.staff.caller):
        return 0
    since = visit.gateway.context.now() - _LATELY
    return await undelivered.counted(db, visit.staff.caller.controller, since)


async def _receivers(db: Connection, visit: Visit) -> Mapping[str, Receiver]:
    caller = visit.staff.caller
    standings = await endpoints.all_of(db, caller.controller)
    return {
        one.name: Receiver(one, standings.get((caller.controller, one.name), Standing()))
        for one in known(visit.gateway, caller)
    }


def _can_replay(
    page: Sequence[Delivery],
    attempts: Mapping[str, Sequence[Attempt]],
    receivers: Mapping[str, Receiver],
) -> frozenset[str]:
    """What was given up, or waits for a later try, at a receiver that is not stopped."""
    going = {name for name, one in receivers.items() if one.standing.disabled_at is None}
    return frozenset(
        one.id
        for one in page
        if one.endpoint in going
        and one.claim is None
        and (one.state is DeliveryState.FAILED or _waits_again(one, attempts))
    )


def _waits_again(one: Delivery, attempts: Mapping[str, Sequence[Attempt]]) -> bool:
    return one.state is DeliveryState.WAITING and bool(attempts.get(one.id))


async def _refused(visit: Visit, error: ProblemError) -> Response:
    if error.problem.type.status == 404:
        raise error
    return await show(visit, error.problem)
