"""`/v1/callbacks/{token}`: an upstream says that a job is settled.

The call is only a hint: its body is not read, and what became of the job is asked of the upstream
itself. So a forged or early call can do no more than have us look. An upstream that calls at every
change of state uses one address for all of them; it is used up once the job is settled.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from avgate_gateway.api.answering import not_found
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.flow.doubting import is_half_way
from avgate_gateway.problem import GONE, Problem, ProblemError
from avgate_gateway.store import callbacks, evidence, requests, tasks
from avgate_gateway.store.tasks import Stage

_UNSETTLED = frozenset({Stage.EXECUTE, Stage.CONFIRM})


def router(gateway: Gateway) -> APIRouter:
    """The one route that needs no access token: its own cannot be guessed, and ends with the job."""
    routes = APIRouter(tags=["callbacks"])

    @routes.post(
        "/v1/callbacks/{token}",
        status_code=204,
        summary="An upstream confirms",
        response_model=None,
    )
    async def called(http: Request, token: Annotated[str, Path(max_length=100)]) -> Response:
        gateway.rates.callback(http.scope)  # in memory: a flood must not reach the database
        request_id = await _take(gateway, token)
        gateway.wake([request_id])
        return Response(status_code=204)

    return routes


async def _take(gateway: Gateway, token: str) -> str:
    """Has the connector asked at once, if it still owes an answer; returns the request's id."""
    now = gateway.context.now()
    async with gateway.context.database.read() as db:  # a guess must not queue before real writes
        known = await callbacks.find(db, token)
    if known is None:
        raise not_found()
    async with gateway.context.database.write(known.request_id) as db:
        found = await callbacks.find(db, token)
        request = await requests.find(db, found.request_id) if found else None
        if found is None or request is None:
            raise not_found()
        all_tasks = await tasks.of_request(db, found.request_id)
        own = next((t for t in all_tasks if t.connector == found.connector), None)
        if own is None or not (own.stage in _UNSETTLED or is_half_way(own)):
            raise ProblemError(Problem(GONE))
        await tasks.ask_now(db, found.request_id, found.connector, now)
        await requests.wake(db, found.request_id, now)
        await evidence.note(
            db, now, request, "callback.received",
            {"connector": found.connector},
        )  # fmt: skip
    return found.request_id
