"""An openly declared analogue of a wholesale tool, in the dialect of TM Forum's open APIs."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route
from starlette.types import ASGIApp

from avgate_mocks.dialect import Dialect
from avgate_mocks.kernel import Kernel
from avgate_mocks.operator.catalogue import CatalogueCalls
from avgate_mocks.operator.query import MOST
from avgate_mocks.operator.record import UsageCalls
from avgate_mocks.operator.refusal import refusal
from avgate_mocks.operator.resource import INDIVIDUALS, PRODUCTS, ResourceCalls
from avgate_mocks.operator.service import Service
from avgate_mocks.world import World

BASE = "/tmf-api"


def build(world: World, port: int, largest_page: int = MOST) -> ASGIApp:
    """A fresh mock, with so many rows at most in a page, whatever is asked for."""

    def href(path: str, resource_id: str) -> str:
        return f"{_address(port)}{path}/{resource_id}"

    service = Service(Kernel("operator", world), href, largest_page)
    routes = [
        Route(f"{BASE}/oauth2/token", service.tokens.issue, methods=["POST"]),
        *ResourceCalls(service, INDIVIDUALS).routes(BASE),
        *ResourceCalls(service, PRODUCTS).routes(BASE),
        *UsageCalls(service).routes(BASE),
        *CatalogueCalls(service, BASE, href).routes(),
    ]
    return service.kernel.app(routes, holds=service.holds, dialect=Dialect(refusal))


def config_section(world: World, controller: str, port: int) -> Mapping[str, object]:
    return {
        "base_url": _address(port),
        "client_id": controller,
        "client_secret": world.secret("operator", controller),
    }


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}{BASE}"
