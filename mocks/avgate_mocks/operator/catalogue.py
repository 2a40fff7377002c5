"""What the specifications name besides: subscriptions to events, organisations, usage specifications.

This core network knows no organisations, and its usage specifications are fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.operator import party, product, usage
from avgate_mocks.operator.answer import json_answer, no_content
from avgate_mocks.operator.query import fields, page, query, selected
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.service import Endpoint, Service
from avgate_mocks.operator.shape import Resource
from avgate_mocks.operator.tenant import Tenant

_APIS = tuple(path.rpartition("/")[0] for path in (party.PATH, usage.PATH, product.PATH))
_ORGANIZATIONS = "/party/v4/organization"
_SPECIFICATIONS = "/usageManagement/v4/usageSpecification"
_FILTERS = frozenset({"id", "name"})


class CatalogueCalls:
    def __init__(self, service: Service, base: str, href: Callable[[str, str], str]) -> None:
        self._service = service
        self._base = base
        self._held: Mapping[str, Sequence[Resource]] = {
            _ORGANIZATIONS: (),
            _SPECIFICATIONS: [
                {**about, "href": href(_SPECIFICATIONS, about["id"]), "lifecycleStatus": "Active"}
                for about in usage.SPECIFICATIONS.values()
            ],
        }

    def routes(self) -> Sequence[Route]:
        return [
            *(route for path in self._held for route in self._reading(path)),
            *(route for api in _APIS for route in self._hub(api)),
        ]

    def _reading(self, path: str) -> Sequence[Route]:
        def every(_held: Tenant, request: Request) -> Response:
            asked = query(request.query_params, _FILTERS)
            found = [one for one in self._held[path] if asked.filters.items() <= one.items()]
            return page(asked, len(found), found[asked.offset : asked.offset + asked.limit])

        def single(_held: Tenant, request: Request) -> Response:
            wanted = request.path_params["id"]
            found = next((one for one in self._held[path] if one["id"] == wanted), None)
            if found is None:
                raise RefusedError(404)
            return json_answer(selected(found, fields(request.query_params)))

        reading, whole = self._service.reading, self._base + path
        return [
            Route(whole, reading(every), methods=["GET"]),
            Route(f"{whole}/{{id}}", reading(single), methods=["GET"]),
        ]

    def _hub(self, api: str) -> Sequence[Route]:
        hub = self._service.hub

        def register(held: Tenant, request: Request, body: bytes) -> Response:
            made = hub.register(held.controller, api, body)
            location = f"{request.url.path}/{made.id}"
            return json_answer(made.as_json(), 201, {"Location": location})

        def unregister(held: Tenant, request: Request, _body: bytes) -> Response:
            hub.unregister(held.controller, api, request.path_params["id"])
            return no_content()

        writing: Callable[..., Endpoint] = self._service.writing
        return [
            Route(f"{self._base}{api}/hub", writing(register), methods=["POST"]),
            Route(f"{self._base}{api}/hub/{{id}}", writing(unregister), methods=["DELETE"]),
        ]
