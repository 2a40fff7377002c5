"""`/opendsr` and, under the names of its first version, `/opengdpr`: requests that others send on.

They go the way of `POST /v1/requests`: the same tokens, the same gates, the same plan.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from avgate_gateway import deciding
from avgate_gateway.api import opendsr_answers as answers
from avgate_gateway.api import opendsr_taking as taking
from avgate_gateway.api.answering import not_found, plain
from avgate_gateway.api.begun import begun
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.opendsr_bodies import SubjectRequestBody
from avgate_gateway.api.opendsr_results import written
from avgate_gateway.api.opendsr_views import (
    CancellationView,
    DiscoveryView,
    ResultsView,
    StandingView,
    SubjectReceiptView,
)
from avgate_gateway.api.results import opened_copy, package_of
from avgate_gateway.api.views import retry_after
from avgate_gateway.authentication import (
    ASKS_FOR_ITS_OPERATION,
    OF_OPERATION,
    Caller,
    Scope,
    requires,
)
from avgate_gateway.guard import parsed_body
from avgate_gateway.opendsr.mapping import OPERATIONS, Status, status_of
from avgate_gateway.opendsr.naming import NAMINGS, Naming
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.problem import WRONG_STATE, Problem, ProblemError, in_opendsr
from avgate_gateway.reporting import reported
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import requests
from avgate_gateway.store.connection import Connection

_SenderId = Annotated[str, Path(max_length=100)]
_PEM = "application/x-pem-file"


def router(gateway: Gateway) -> APIRouter:
    """The routes of every version."""
    routes = APIRouter(tags=["opendsr"], responses={"default": in_opendsr.DESCRIBED})
    for naming in NAMINGS:
        _add_about(routes, gateway, naming)
        _add_requests(routes, gateway, naming)
        _add_request(routes, gateway, naming)
        _add_results(routes, gateway, naming)
    return routes


def _add_about(routes: APIRouter, gateway: Gateway, naming: Naming) -> None:
    """What anybody may know before they send anything."""

    @routes.get(
        f"{naming.prefix}/discovery", response_model=DiscoveryView,
        summary="What can be asked for, and by what",
    )  # fmt: skip
    async def discovery() -> Response:
        return plain(processor(gateway).discovery(naming))

    @routes.get(
        f"{naming.prefix}/certificate.pem", summary="What answers are signed with",
        response_class=Response, responses={200: {"content": {_PEM: {}}}},
    )  # fmt: skip
    async def certificate() -> Response:
        return Response(processor(gateway).seal.certificate, media_type=_PEM)


def _add_requests(routes: APIRouter, gateway: Gateway, naming: Naming) -> None:
    """Where requests are sent to."""

    @routes.post(
        naming.collection, status_code=201, response_model=SubjectReceiptView,
        summary="Send a data subject's request",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
    )  # fmt: skip
    async def submit(
        http: Request, body: SubjectRequestBody, caller: Annotated[Caller, requires()]
    ) -> Response:
        us = processor(gateway)
        caller.must_hold(OF_OPERATION[OPERATIONS[body.subject_request_type]])
        sent = taking.Sent(naming, body, parsed_body(http.scope))
        request, is_new = await taking.take(gateway, us, caller, sent)
        receipt = answers.receipt(us, request, body.subject_request_id, await http.body())
        headers = {} if is_new else {"idempotent-replayed": "true"}
        return answers.signed(us, naming, us.seal.receipt(receipt), 201, headers)


def _add_request(routes: APIRouter, gateway: Gateway, naming: Naming) -> None:
    """One request, under its sender's own id."""
    place = f"{naming.collection}/{{subject_request_id}}"

    @routes.get(place, response_model=StandingView, summary="How a request stands")
    async def state(
        subject_request_id: _SenderId, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        us = processor(gateway)
        async with gateway.context.database.read() as db:
            request = await _found(db, gateway, caller, subject_request_id)
            made = await reported(db, request)
        now = gateway.context.now()
        told = us.standing(naming, request, subject_request_id, status_of(request, now), made)
        wait = retry_after(request, now)
        headers = {"retry-after": str(wait)} if wait else {}
        return answers.signed(us, naming, orjson.dumps(told), headers=headers)

    @routes.delete(
        place, status_code=202, response_model=CancellationView,
        summary="Withdraw what has not begun",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
    )  # fmt: skip
    async def cancel(
        subject_request_id: _SenderId, caller: Annotated[Caller, requires()]
    ) -> Response:
        us = processor(gateway)
        request = await _cancelled(gateway, caller, subject_request_id)
        gateway.wake([request.id])
        gateway.changes.tell(request.id)
        now = gateway.context.now()
        content = answers.cancellation(us, naming, request, subject_request_id, now)
        return answers.signed(us, naming, us.seal.receipt(content), 202)


def _add_results(routes: APIRouter, gateway: Gateway, naming: Naming) -> None:
    """The copy, for whoever has a token that reads it: an address alone opens nothing."""
    place = f"{naming.collection}/{{subject_request_id}}"

    @routes.get(
        f"{place}/results", summary="The copy's records, and where its files are",
        openapi_extra=ASKS_FOR_ITS_OPERATION, response_class=StreamingResponse,
        responses={200: {"model": ResultsView}},
    )  # fmt: skip
    async def results(
        subject_request_id: _SenderId, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        us, request = processor(gateway), await _copy(gateway, caller, subject_request_id)
        box = await opened_copy(gateway, caller, request)
        body = written(gateway.context, us, naming, request, subject_request_id, box[0])
        return StreamingResponse(await begun(body), media_type="application/json")

    @routes.get(
        f"{place}/package", summary="The copy, as a ZIP made while it is sent",
        openapi_extra=ASKS_FOR_ITS_OPERATION, response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {}}}},
    )  # fmt: skip
    async def package(
        subject_request_id: _SenderId, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        processor(gateway)
        request = await _copy(gateway, caller, subject_request_id)
        return await package_of(gateway, caller, request)


async def _copy(gateway: Gateway, caller: Caller, sender_id: str) -> SubjectRequest:
    async with gateway.context.database.read() as db:
        return await _found(db, gateway, caller, sender_id)


def processor(gateway: Gateway) -> Processor:
    """What we are to senders; raises ProblemError, 404, while nobody may send by OpenDSR."""
    if gateway.opendsr is None:
        raise not_found()
    return gateway.opendsr


async def _found(
    db: Connection, gateway: Gateway, caller: Caller, sender_id: str
) -> SubjectRequest:
    """The request of this controller with that id of its sender's; raises ProblemError, 404."""
    known = await taking.known(db, gateway, caller, sender_id)
    found = await requests.find(db, known.request_id, caller.controller) if known else None
    if found is None:
        raise not_found()
    return found


async def _cancelled(gateway: Gateway, caller: Caller, sender_id: str) -> SubjectRequest:
    """Withdraws it in one transaction, once as often as that is asked; raises ProblemError."""
    context = gateway.context
    async with context.database.read() as db:
        request_id = (await _found(db, gateway, caller, sender_id)).id
    async with context.database.write(request_id) as db:
        request = await _found(db, gateway, caller, sender_id)
        caller.must_hold(OF_OPERATION[request.operation])
        status = status_of(request, context.now())
        if status is not Status.PENDING and request.closing != "cancelled":
            raise ProblemError(Problem(WRONG_STATE, "Only a pending request can be cancelled."))
        await deciding.cancel(db, context, request, caller.client_id)
    return request
