"""`/v1/processors`, `/v1/retention`: who is behind the service, and by what rules."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from avgate_gateway.api.accepting import wants_csv
from avgate_gateway.api.answering import plain
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.register_views import ProcessorListView, RetentionView
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.problem import INVALID_PARAMETER, Located, Problem, ProblemError
from avgate_gateway.register import RegisterEntry, as_csv, as_json, changed_since, seeded
from avgate_gateway.retention import describe
from avgate_gateway.store import processors


class ProcessorQuery(BaseModel):
    """Which part of the register is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    changed_since: str | None = None
    since: str | None = None


def router(gateway: Gateway) -> APIRouter:
    """The routes that tell of systems instead of requests."""
    routes = APIRouter(prefix="/v1", tags=["register"])

    @routes.get(
        "/processors",
        response_model=ProcessorListView,
        summary="External providers and subprocessors, as JSON or CSV",
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def register(
        query: Annotated[ProcessorQuery, Query()],
        caller: Annotated[Caller, requires(Scope.READ)],
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        is_csv = wants_csv(accept)
        async with gateway.context.database.read() as db:
            listed = await processors.entries(db, caller.controller)
        entries: tuple[RegisterEntry, ...] = (*seeded(caller.controller), *listed)
        since = query.changed_since or query.since
        if since is not None:
            entries = changed_since(entries, _moment(since))
        if is_csv:
            return Response(as_csv(entries), media_type="text/csv; charset=utf-8")
        return plain({"items": as_json(entries), "next": None})

    @routes.get(
        "/retention", response_model=RetentionView,
        summary="The retention matrix in force, with the source of each rule",
    )  # fmt: skip
    async def retention(caller: Annotated[Caller, requires(Scope.READ)]) -> Response:
        pack = gateway.desk(caller).pack
        return plain(
            {
                "pack": pack.name,
                "version": pack.version,
                "items": describe(pack),
                "next": None,
            }
        )

    return routes


def _moment(text: str) -> datetime:
    """A day or a moment; a day begins at midnight UTC."""
    try:
        if len(text) == len("2026-01-01"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        wrong = Located("Write a day, such as 2026-01-31.", "changed_since", "parameter")
        raise ProblemError(Problem(INVALID_PARAMETER, errors=(wrong,))) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
