"""A telephone exchange that speaks the documented Xelion REST API, with an address book and a log."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from avgate_mocks.dialect import Dialect
from avgate_mocks.kernel import Kernel
from avgate_mocks.people import CONTROLLERS
from avgate_mocks.world import World
from avgate_mocks.xelion.address_route import AddressRoutes
from avgate_mocks.xelion.communication_route import CommunicationRoutes
from avgate_mocks.xelion.gate import Gate
from avgate_mocks.xelion.habits import Habits, HabitsRoute
from avgate_mocks.xelion.hand import ByHand
from avgate_mocks.xelion.installation_route import InstallationRoutes
from avgate_mocks.xelion.me_route import MeRoutes
from avgate_mocks.xelion.refusal import fault_answer
from avgate_mocks.xelion.session import USER_NAME, Sessions
from avgate_mocks.xelion.tenant import Tenants

NAME = "xelion"


def build(world: World, port: int, habits: Habits | None = None) -> ASGIApp:  # noqa: ARG001 -- every mock is built with its port; this one has no use for it
    """A fresh mock; each controller is a tenant of it."""
    kernel = Kernel(NAME, world)
    chosen = habits or Habits()
    tenants = Tenants(world)
    sessions = Sessions(kernel, chosen, {name: world.secret(NAME, name) for name in CONTROLLERS})
    routes = [
        *MeRoutes(kernel, sessions, tenants).routes(),
        *AddressRoutes(kernel, tenants, chosen).routes(),
        *CommunicationRoutes(kernel, tenants, chosen).routes(),
        *InstallationRoutes(kernel, tenants, chosen).routes(),
    ]
    gate = Middleware(Gate, kernel=kernel, sessions=sessions, habits=chosen)
    return kernel.app(
        [
            Mount("/api/v1/{tenant}", routes=routes, middleware=[gate]),
            Route("/_by_hand", ByHand(kernel, tenants).remove, methods=["POST"]),
            Route("/_habits", HabitsRoute(chosen).answer, methods=["GET", "POST"]),
        ],
        holds=tenants.holds,
        dialect=Dialect(refusal=fault_answer, spends_latency_itself=True, says_retry_after=False),
    )


def config_section(world: World, controller: str, port: int) -> Mapping[str, object]:
    return {
        "base_url": f"http://127.0.0.1:{port}/api/v1/{controller}",
        "username": USER_NAME,
        "password": world.secret(NAME, controller),
        "user_space": f"avgate-{controller}",
    }


__all__ = ["NAME", "Habits", "build", "config_section"]
