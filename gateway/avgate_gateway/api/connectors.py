"""`/v1/connectors`: which systems there are, how they are, and which of them are paused."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from avgate_contracts.connector import Connector, Manifest
from avgate_gateway.api.answering import plain
from avgate_gateway.api.bodies import Body, Filled
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.health import Checks
from avgate_gateway.api.register_views import InstalledListView, PausedView
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.pausing import Pauses, to_json
from avgate_gateway.problem import NOT_FOUND, Problem, ProblemError
from avgate_gateway.registry import Installed, capabilities
from avgate_gateway.store.pauses import LONGEST_REASON

_NO_CONNECTOR = "There is no connector of this name; `GET /v1/connectors` lists yours."


class PauseBody(Body):
    """Why no work is to be begun at a system for now."""

    reason: Annotated[
        Filled,
        Field(
            max_length=LONGEST_REASON,
            description="For colleagues: kept in the clear, so without personal data.",
        ),
    ]


class ResumeBody(Body):
    """Nothing has to be said to go on."""


def router(gateway: Gateway) -> APIRouter:
    """The routes that tell of systems, and pause them."""
    routes = APIRouter(prefix="/v1/connectors", tags=["connectors"])

    @routes.get(
        "", response_model=InstalledListView,
        summary="Installed, refused and why, capabilities, health, paused",
    )  # fmt: skip
    async def connectors(caller: Annotated[Caller, requires(Scope.READ)]) -> Response:
        desk = gateway.desk(caller)
        shown = await asyncio.gather(
            *(
                _connector(gateway.checks, desk.name, one, desk.connectors.get(name))
                for name, one in gateway.installed.items()
            )
        )
        paused = pauses_of(gateway).of(desk.name)
        for one in shown:
            one["paused"] = to_json(paused.get(str(one["name"])))
        return plain({"items": shown, "next": None})

    _pausing(routes, gateway)
    return routes


def _pausing(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/{connector}/pause", response_model=PausedView,
        summary="Begin no work at this system, until it is resumed",
    )  # fmt: skip
    async def pause(
        connector: str, body: PauseBody, caller: Annotated[Caller, requires(Scope.ADMIN)]
    ) -> Response:
        own = own_connector(gateway, caller, connector)
        made = await pauses_of(gateway).pause(
            caller.controller, own, caller.client_id, body.reason.strip()
        )
        return plain({"name": own, "paused": to_json(made)})

    @routes.post(
        "/{connector}/resume", response_model=PausedView,
        summary="Go on at this system, with all that waited for it",
    )  # fmt: skip
    async def resume(
        connector: str,
        caller: Annotated[Caller, requires(Scope.ADMIN)],
        body: ResumeBody | None = None,  # noqa: ARG001 -- so that one with anything in it is refused
    ) -> Response:
        own = own_connector(gateway, caller, connector)
        await pauses_of(gateway).resume(caller.controller, own, caller.client_id)
        return plain({"name": own, "paused": None})


def own_connector(gateway: Gateway, caller: Caller, name: str) -> str:
    """The name, if it is that of a connector of the caller's; raises ProblemError, 404."""
    if name not in gateway.desk(caller).connectors:
        raise ProblemError(Problem(NOT_FOUND, _NO_CONNECTOR))
    return name


def pauses_of(gateway: Gateway) -> Pauses:
    """What is paused; of a context that keeps no track of it, nothing is."""
    context = gateway.context
    return context.pauses or Pauses(context.database, context.now)


async def _connector(
    checks: Checks, controller: str, installed: Installed, opened: Connector | None
) -> dict[str, object]:
    health = await checks.of(controller, installed.name, opened) if opened else None
    return {
        "name": installed.name,
        "distribution": installed.distribution,
        "version": installed.version,
        "refused": installed.refused,
        "level_claimed": installed.level,
        "configured": opened is not None,
        "health": health.to_json() if health else None,
        **(_of_manifest(installed.manifest, installed.kind) if installed.manifest else {}),
    }


def _of_manifest(manifest: Manifest, kind: object) -> dict[str, object]:
    return {
        "title": manifest.title,
        "processor": manifest.processor,
        "protocol": manifest.protocol,
        "finds_by": sorted(kind.value for kind in manifest.finds_by),
        "holds": sorted(category.value for category in manifest.holds),
        "erases": {c.value: way.value for c, way in sorted(manifest.erases.items())},
        "not_relevant": {op.value: why for op, why in sorted(manifest.not_relevant.items())},
        "capabilities": capabilities(kind),
    }
