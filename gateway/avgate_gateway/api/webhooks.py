"""`/v1/webhooks`: who is told of requests, what was sent to them, and setting it going again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from avgate_gateway.api.answering import from_cursor, not_found, plain, to_cursor
from avgate_gateway.api.bodies import Body, Moment
from avgate_gateway.api.even import Evenly
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.webhook_views import (
    DeliveryListView,
    DeliveryView,
    EndpointListView,
    ReleasedView,
    ResentView,
    endpoint_json,
    told,
)
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.notice import Event, Told
from avgate_gateway.problem import WRONG_STATE, Problem, ProblemError
from avgate_gateway.store import deliveries, endpoints, evidence, outbox, redelivery
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.deliveries import Delivery, DeliveryState, Place, Wanted
from avgate_gateway.store.endpoints import Standing
from avgate_gateway.store.outbox import Described

_LISTED = """
Newest first. `waiting`: for its turn or its next attempt; `failed`: given up, and `held`: its endpoint is
disabled; both are kept for 180 days and can be replayed. Of an answer nothing is kept but its status.
"""


class Nothing(Body):
    """A body that need not be there, and holds nothing."""


class ResendBody(Body):
    """From which moment on what failed is sent again: that at which it was written down."""

    since: Moment


class DeliveryQuery(BaseModel):
    """Which deliveries are listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: DeliveryState | None = None
    endpoint: Annotated[str, Field(max_length=300)] | None = None
    request_id: Annotated[str, Field(max_length=36)] | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def router(gateway: Gateway) -> APIRouter:
    """The routes of what is sent to others."""
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    _add_lists(routes, gateway)
    _add_replay(routes, gateway)
    _add_endpoints(routes, gateway)
    _add_resend(routes, gateway)
    return routes


def _add_lists(routes: APIRouter, gateway: Gateway) -> None:
    database = gateway.context.database

    @routes.get(
        "", response_model=EndpointListView,
        summary="Who is told of events, and how it goes with them",
    )  # fmt: skip
    async def listed(caller: Annotated[Caller, requires(Scope.READ)]) -> Response:
        async with database.read() as db:
            standings = await endpoints.all_of(db, caller.controller)
        shown = [
            endpoint_json(one, standings.get((caller.controller, one.name), Standing()))
            for one in known(gateway, caller)
        ]
        return plain({"items": shown, "next": None})

    @routes.get(
        "/deliveries", response_model=DeliveryListView, description=_LISTED,
        summary="What was sent, newest first",
    )  # fmt: skip
    async def sent(
        query: Annotated[DeliveryQuery, Query()], caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        wanted = Wanted(
            caller.controller, query.state, query.endpoint, query.request_id,
            from_cursor(query.cursor), query.limit + 1,
        )  # fmt: skip
        async with database.read() as db:
            found = await deliveries.listed(db, wanted)
            page = found[: query.limit]
            shown = await told(db, page)
        last = page[-1] if len(found) > query.limit else None
        return plain({"items": shown, "next": to_cursor(last.made_at, last.id) if last else None})


def _add_replay(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/deliveries/{delivery_id}/replay", status_code=202, response_model=DeliveryView,
        summary="Send one again",
    )  # fmt: skip
    async def replay(
        delivery_id: Annotated[str, Path(max_length=36)],
        caller: Annotated[Caller, requires(Scope.ADMIN)],
        body: Nothing | None = None,  # noqa: ARG001 -- closed to members, as every body is
    ) -> Response:
        await replayed(gateway, caller, delivery_id)
        return plain(await _shown(gateway, caller, delivery_id), status=202)


def _add_endpoints(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/endpoints/{name}/enable", response_model=ReleasedView,
        summary="Send there again, what was held too",
    )  # fmt: skip
    async def enable(
        name: Annotated[str, Path(max_length=300)],
        caller: Annotated[Caller, requires(Scope.ADMIN)],
        body: Nothing | None = None,  # noqa: ARG001 -- likewise
    ) -> Response:
        described, released = await enabled(gateway, caller, name)
        async with gateway.context.database.read() as db:
            standings = await endpoints.all_of(db, caller.controller)
        standing = standings.get((caller.controller, name), Standing())
        return plain({**endpoint_json(described, standing), "released": released})

    @routes.post(
        "/endpoints/{name}/test", status_code=202, response_model=DeliveryView,
        summary="Send a `webhook.test` there",
    )  # fmt: skip
    async def test(
        name: Annotated[str, Path(max_length=300)],
        caller: Annotated[Caller, requires(Scope.ADMIN)],
        body: Nothing | None = None,  # noqa: ARG001 -- likewise
    ) -> Response:
        made = await tested(gateway, caller, name)
        return plain(await _shown(gateway, caller, made), status=202)


def _add_resend(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/endpoints/{name}/resend", status_code=202, response_model=ResentView,
        summary="Send what failed again",
    )  # fmt: skip
    async def resend(
        name: Annotated[str, Path(max_length=300)],
        caller: Annotated[Caller, requires(Scope.ADMIN)],
        body: ResendBody,
    ) -> Response:
        described, count = await resent(gateway, caller, name, body.since)
        async with gateway.context.database.read() as db:
            standings = await endpoints.all_of(db, caller.controller)
        standing = standings.get((caller.controller, name), Standing())
        return plain({**endpoint_json(described, standing), "resent": count}, status=202)


async def replayed(gateway: Gateway, caller: Caller, delivery_id: str) -> None:
    """Sends one again from the first try on; raises ProblemError: 404, 409."""
    now = gateway.context.now()
    async with Evenly(), gateway.context.database.write() as db:
        found = await deliveries.find(db, delivery_id, caller.controller)
        if found is None:
            raise not_found()
        await _insist_on_enabled(db, caller, found.endpoint)
        if not await deliveries.replay(db, delivery_id, now):
            raise ProblemError(Problem(WRONG_STATE, "It is being sent this moment."))
        await _note(db, caller, now, "webhook.replayed", found.endpoint, found)


async def enabled(gateway: Gateway, caller: Caller, name: str) -> tuple[Described, int]:
    """Sends there again, and how much was let go; raises ProblemError, 404."""
    described, place = _named(gateway, caller, name), (caller.controller, name)
    async with gateway.context.database.write() as db:
        if await endpoints.enable(db, place):
            await _note(db, caller, gateway.context.now(), "webhook.enabled", name)
    released = 0
    while some := await _let_go(gateway, place):
        released += some
    return described, released


async def resent(
    gateway: Gateway, caller: Caller, name: str, since: datetime
) -> tuple[Described, int]:
    """Sends what failed there since a moment again, and how much; raises ProblemError: 404, 409."""
    described, place, now = (
        _named(gateway, caller, name),
        (caller.controller, name),
        gateway.context.now(),
    )
    database, count = gateway.context.database, 0
    async with database.write() as db:
        await _insist_on_enabled(db, caller, name)
    after: tuple[datetime, str] | None = (since, "")
    while after is not None:
        async with database.write() as db:
            some = await redelivery.resend(db, place, after, now)
        count, after = count + some.count, some.after
    async with database.write() as db:
        more = {"since": since.isoformat(), "count": count}
        await _note(db, caller, now, "webhook.replayed", name, more=more)
    return described, count


async def tested(gateway: Gateway, caller: Caller, name: str) -> str:
    """Sends a test there, and its id; raises ProblemError: 404, 409."""
    described, now = _named(gateway, caller, name), gateway.context.now()
    if not described.can_be_tested:
        raise ProblemError(Problem(WRONG_STATE, "It has no address of its own to test."))
    told = Told(Event.TEST, now, {"endpoint": name})
    made = outbox.row(now, caller.controller, described.kind, name, Event.TEST, told.body())
    async with gateway.context.database.write() as db:
        await _insist_on_enabled(db, caller, name)
        await db.execute(outbox.ADD, [made])
        await _note(db, caller, now, "webhook.tested", name)
    return str(made["id"])


def known(gateway: Gateway, caller: Caller) -> Sequence[Described]:
    """The endpoints of a controller that there are, or may be."""
    outlets = gateway.context.database.outbox.outlets.get(caller.controller, ())
    return [one for outlet in outlets for one in outlet.described()]


async def _shown(gateway: Gateway, caller: Caller, delivery_id: str) -> dict[str, Any]:
    async with gateway.context.database.read() as db:
        found = await deliveries.find(db, delivery_id, caller.controller)
        [shown] = await told(db, [found] if found else [])
    return shown


async def _let_go(gateway: Gateway, place: Place) -> int:
    async with gateway.context.database.write() as db:
        return await deliveries.let_go(db, place, gateway.context.now())


def _named(gateway: Gateway, caller: Caller, name: str) -> Described:
    for one in known(gateway, caller):
        if one.name == name:
            return one
    raise not_found()


async def _insist_on_enabled(db: Connection, caller: Caller, name: str) -> None:
    standing = (await endpoints.all_of(db, caller.controller)).get((caller.controller, name))
    if standing is not None and standing.disabled_at is not None:
        raise ProblemError(Problem(WRONG_STATE, "Its endpoint is disabled; enable that first."))


async def _note(
    db: Connection,
    caller: Caller,
    now: datetime,
    event: str,
    name: str,
    one: Delivery | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    own = {"delivery": one.id} if one else {}
    details = {"endpoint": name, "by": caller.client_id, **own, **(more or {})}
    request_id = one.request_id if one else None
    await evidence.append(db, now, caller.controller, request_id, event, details)
