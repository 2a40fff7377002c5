"""`/v1/audit`: the chain, for auditors; `/health/…`, `/metrics`: for those who watch the process."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import PlainTextResponse, Response

from avgate_gateway.api.answering import plain
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.recording import Recording
from avgate_gateway.api.result_views import AuditView
from avgate_gateway.api.results import entry_json
from avgate_gateway.api.views import View
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.backlog import Backlog, behind
from avgate_gateway.metrics import CONTENT_TYPE, Metrics
from avgate_gateway.overview import Overview
from avgate_gateway.store import evidence


class LiveView(View):
    """That the process runs."""

    status: Literal["ok"]


class ReadyView(LiveView):
    """That requests can be recorded, and in a sentence each what does not go on beside that."""

    behind: str = Field(
        default_factory=str, description="What is due and not done; not told where nothing is."
    )
    evidence: str = Field(
        default_factory=str, description="What is wrong with the evidence; likewise."
    )
    stopped: str = Field(
        default_factory=str, description="What this process does not do any more; likewise."
    )


class AuditQuery(BaseModel):
    """Where in the chain a page begins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


def router(gateway: Gateway) -> APIRouter:
    """The routes of auditors and probes."""
    routes = APIRouter()
    _auditors(routes, gateway)
    _probes(routes, gateway)
    return routes


def _auditors(routes: APIRouter, gateway: Gateway) -> None:
    @routes.get(
        "/v1/audit", tags=["audit"], response_model=AuditView,
        summary="The chain of this controller, oldest first",
    )  # fmt: skip
    async def audit(
        query: Annotated[AuditQuery, Query()],
        caller: Annotated[Caller, requires(Scope.READ_AUDIT)],
    ) -> Response:
        async with gateway.context.database.read() as db:
            found = await evidence.entries(
                db, controller=caller.controller, after=query.cursor, limit=query.limit + 1
            )
        page = found[: query.limit]
        following = str(page[-1].sequence) if len(found) > query.limit else None
        return plain({"items": [entry_json(entry) for entry in page], "next": following})


def _probes(routes: APIRouter, gateway: Gateway) -> None:
    context = gateway.context
    recording = Recording(context.database)
    backlog = Backlog(context.database, tuple(context.desks), context.now)
    connectors = {name: tuple(desk.connectors) for name, desk in context.desks.items()}
    metrics = Metrics(backlog, gateway.bulkheads, gateway.traffic, connectors, gateway.faults,
                      gateway.refusals, gateway.sent, Overview(context.database, tuple(context.desks), context.now),
                      gateway.rounds)  # fmt: skip

    @routes.get(
        "/health/live", tags=["health"], response_model=LiveView,
        summary="Whether the process runs",
    )  # fmt: skip
    async def live() -> Response:
        return plain({"status": "ok"})

    @routes.get(
        "/health/ready", tags=["health"], response_model=ReadyView,
        summary="Whether requests can be recorded",
    )  # fmt: skip
    async def ready() -> Response:
        trouble = await recording.trouble()
        still = gateway.rounds.standstills()
        vital = [one.says for one in still if one.is_vital]
        if (apart := gateway.claims.trouble()) is not None:
            vital.append(apart)
        if trouble is not None or vital:
            reasons = [*([f"Requests cannot be recorded: {trouble}."] if trouble else []), *vital]
            return plain({"status": "unavailable", "reason": " ".join(reasons)}, status=503)
        late = behind(await backlog.read(), gateway.faults.count(), gateway.faults.sealed())
        told = {
            "status": "ok",
            "behind": late,
            "evidence": gateway.evidence_trouble(),
            "stopped": " ".join(one.says for one in still) or None,
        }
        return plain({name: value for name, value in told.items() if value is not None})

    @routes.get(
        "/metrics", tags=["health"], summary="Figures for Prometheus",
        response_class=PlainTextResponse,
    )  # fmt: skip
    async def figures(_: Annotated[Caller, requires(Scope.READ_METRICS)]) -> Response:
        return Response(await metrics.text(), headers={"content-type": CONTENT_TYPE})
