"""`/v1/requests/{id}/…`: what people decide. Each may be repeated; each is written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from avgate_gateway import deciding, remarking
from avgate_gateway.api.answering import JSON, json_bytes, not_found
from avgate_gateway.api.bodies import (
    ApprovalBody,
    CancelBody,
    ExtensionBody,
    IdentityBody,
    RetryBody,
)
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.moments import not_in_the_future
from avgate_gateway.api.views import RequestView, view
from avgate_gateway.authentication import (
    ASKS_FOR_ITS_OPERATION,
    OF_OPERATION,
    Caller,
    Scope,
    requires,
)
from avgate_gateway.problem import INVALID_CONTENT, Located, Problem, ProblemError
from avgate_gateway.request import IdentityCheck, SubjectRequest
from avgate_gateway.store import requests
from avgate_gateway.store.connection import Connection

Decision = Callable[[Connection, SubjectRequest], Awaitable[None]]


def router(gateway: Gateway) -> APIRouter:
    """The routes that change a request."""
    routes = APIRouter(prefix="/v1/requests/{request_id}", tags=["requests"])
    _add_gates(routes, gateway)
    _add_course(routes, gateway)
    _add_terms(routes, gateway)
    return routes


def _add_gates(routes: APIRouter, gateway: Gateway) -> None:
    """What a request may wait for: an identity that is verified, and a second person."""
    context = gateway.context

    @routes.post(
        "/identity", response_model=RequestView, summary="Record that identity is verified",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
    )  # fmt: skip
    async def identity(
        request_id: str, body: IdentityBody, caller: Annotated[Caller, requires()]
    ) -> Response:
        not_in_the_future(body.verified_at, context.now(), "#/verified_at")
        check = IdentityCheck(body.method, body.verified_by, body.verified_at)

        async def record(db: Connection, request: SubjectRequest) -> None:
            caller.must_hold(OF_OPERATION[request.operation])
            await deciding.verify_identity(db, context, request, check, caller.client_id)

        return await decided(gateway, caller, request_id, record)

    @routes.post("/approval", response_model=RequestView, summary="Approve or reject the plan seen")
    async def approval(
        request_id: str, body: ApprovalBody, caller: Annotated[Caller, requires(Scope.APPROVE)]
    ) -> Response:
        async def decide(db: Connection, request: SubjectRequest) -> None:
            await deciding.decide(
                db,
                context,
                request,
                body.plan_digest,
                gateway.party(caller),
                approve=body.decision == "approve",
                reason=body.reason,
                may_exceed=Scope.ADMIN.value in caller.scopes,
            )

        return await decided(gateway, caller, request_id, decide)


def _add_course(routes: APIRouter, gateway: Gateway) -> None:
    """What is decided about a request on its way: to withdraw it, or hurry it."""
    context = gateway.context

    @routes.post(
        "/cancel", response_model=RequestView, summary="Withdraw what has not begun",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
    )  # fmt: skip
    async def cancel(
        request_id: str,
        caller: Annotated[Caller, requires()],
        body: CancelBody | None = None,
    ) -> Response:
        async def withdraw(db: Connection, request: SubjectRequest) -> None:
            caller.must_hold(OF_OPERATION[request.operation])
            reason = body.reason if body else None
            await deciding.cancel(db, context, request, caller.client_id, reason)

        return await decided(gateway, caller, request_id, withdraw)

    @routes.post(
        "/retry", response_model=RequestView, summary="Try again what is stuck or failed",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
    )  # fmt: skip
    async def retry(
        request_id: str,
        caller: Annotated[Caller, requires()],
        body: RetryBody | None = None,
    ) -> Response:
        wanted = body.connector if body else None
        if wanted is not None and wanted not in gateway.desk(caller).connectors:
            wrong = Located("Name a connector of this controller.", "#/connector")
            raise ProblemError(Problem(INVALID_CONTENT, errors=(wrong,)))

        async def again(db: Connection, request: SubjectRequest) -> None:
            caller.must_hold(OF_OPERATION[request.operation])
            await deciding.retry(db, context, request, wanted, caller.client_id)

        return await decided(gateway, caller, request_id, again)


def _add_terms(routes: APIRouter, gateway: Gateway) -> None:
    """By when it is answered."""
    context = gateway.context

    @routes.post(
        "/extension", response_model=RequestView, summary="Take two more months",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
    )  # fmt: skip
    async def extension(
        request_id: str, body: ExtensionBody, caller: Annotated[Caller, requires()]
    ) -> Response:
        async def extend(db: Connection, request: SubjectRequest) -> None:
            caller.must_hold(OF_OPERATION[request.operation])
            await deciding.extend(db, context, request, body.reason, caller.client_id)

        return await decided(gateway, caller, request_id, extend)


async def decided(
    gateway: Gateway, caller: Caller, request_id: str, decision: Decision
) -> Response:
    """Carries a decision out in one transaction, wakes the request, and answers how it stands.

    Whose it is comes first: nobody waits for the row of another's, or locks it.
    """
    await gateway.request(caller, request_id)
    async with gateway.context.database.write(request_id) as db:
        found = await requests.find(db, request_id, caller.controller)
        if found is None:
            raise not_found()
        await decision(db, found)
        after = await requests.find(db, request_id)
        [told] = await remarking.explained(db, gateway.context, [after or found])
        shown = await view(db, told)
    gateway.wake([request_id])
    gateway.changes.tell(request_id)
    return Response(json_bytes(shown), media_type=JSON)
