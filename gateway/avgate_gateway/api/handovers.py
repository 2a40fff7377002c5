"""`/v1/requests/{id}/handover` and `/handovers`: the copy to a successor, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from avgate_gateway import handing_over
from avgate_gateway.api.answering import JSON, json_bytes, plain
from avgate_gateway.api.bodies import HandoverBody
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.views import View
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.problem import INVALID_CONTENT, Located, Problem, ProblemError
from avgate_gateway.store import handovers, requests
from avgate_gateway.store.handovers import Handover


class ReceiptView(View):
    """That the successor's server has the whole file."""

    at: datetime
    name: str = Field(description="Of the file there.")
    answer: str | None = Field(description="What the server said of it, such as an ETag.")


class HandoverView(View):
    """One copy to one destination."""

    id: str
    destination: str
    state: str = Field(description="waiting, delivering, delivered or failed.")
    attempts: int
    made_at: datetime
    next_attempt_at: datetime | None
    gives_up_at: datetime
    size: int | None = Field(description="Of the sealed file, once there is one.")
    sha256: str | None
    code: str | None = Field(description="What the last attempt failed with.")
    reason: str | None
    receipt: ReceiptView | None


class HandoverListView(View):
    """Every hand-over of a request's copy."""

    items: list[HandoverView]
    next: str | None


def router(gateway: Gateway) -> APIRouter:
    """The routes of hand-overs."""
    routes = APIRouter(prefix="/v1/requests/{request_id}", tags=["results"])
    context = gateway.context

    @routes.post(
        "/handover", status_code=202, response_model=HandoverView,
        summary="Hand the copy of an export over to a successor",
    )  # fmt: skip
    async def hand_over(
        request_id: str, body: HandoverBody, caller: Annotated[Caller, requires(Scope.EXPORT)]
    ) -> Response:
        made = await hand_to(gateway, caller, request_id, body.destination)
        return Response(json_bytes(_view(made)), 202, media_type=JSON)

    @routes.get(
        "/handovers",
        response_model=HandoverListView,
        summary="What became of handing the copy over",
    )
    async def listed(request_id: str, caller: Annotated[Caller, requires(Scope.READ)]) -> Response:
        request = await gateway.request(caller, request_id)
        async with context.database.read() as db:
            found = await handovers.of_request(db, request.id)
        items = [_view(one).model_dump(mode="json") for one in found]
        return plain({"items": items, "next": None})

    return routes


async def hand_to(gateway: Gateway, caller: Caller, request_id: str, name: str) -> Handover:
    """Has the copy of a request handed to a destination; raises ProblemError where it may not be."""
    request = await gateway.request(caller, request_id)
    destination = gateway.destinations.get((caller.controller, name))
    if destination is None:
        wrong = Located("It is none of this controller's destinations.", "#/destination")
        raise ProblemError(Problem(INVALID_CONTENT, errors=(wrong,)))
    async with gateway.context.database.write(request.id) as db:
        request = await requests.find(db, request.id) or request
        to = (name, destination)
        return await handing_over.ask(db, gateway.context, request, to, caller.client_id)


def _view(one: Handover) -> HandoverView:
    receipt = None
    if one.delivered_at is not None and one.name is not None:
        receipt = ReceiptView(at=one.delivered_at, name=one.name, answer=one.answer)
    return HandoverView(
        id=one.id,
        destination=one.destination,
        state=one.state.value,
        attempts=one.attempts,
        made_at=one.made_at,
        next_attempt_at=one.next_attempt_at,
        gives_up_at=one.gives_up_at,
        size=one.size,
        sha256=one.sha256,
        code=one.code,
        reason=one.reason,
        receipt=receipt,
    )
