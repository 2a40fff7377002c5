"""Individuals and products: listed, read, patched and deleted in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.kernel import json_response
from avgate_mocks.operator import party, product
from avgate_mocks.operator.collection import Collection
from avgate_mocks.operator.patch import changed
from avgate_mocks.operator.query import fields, page, query, selected
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.service import Service
from avgate_mocks.operator.shape import Resource
from avgate_mocks.operator.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Sort:
    """What sets one sort of resource apart."""

    path: str
    collection: Callable[[Tenant], Collection]
    filters: frozenset[str]
    changeable: frozenset[str]
    statuses: frozenset[str]
    complete: Callable[[Resource], Resource]  # after a change: what follows from the rest
    guard: Callable[[Tenant, Resource], None]  # before a deletion: raises RefusedError


def _no_running_product(held: Tenant, individual: Resource) -> None:
    running = [
        one
        for one in held.products.matching({"relatedParty.id": individual["id"]})
        if not product.is_ended(one)
    ]
    if running:
        raise RefusedError(
            409,
            code="hasActiveProducts",
            reason="The individual still has active products",
            message=f"{len(running)} product(s) must be terminated first",
        )


def _ended(_held: Tenant, found: Resource) -> None:
    if not product.is_ended(found):
        raise RefusedError(
            409,
            code="productActive",
            reason="The product is still active",
            message="It can be deleted once it is terminated",
        )


INDIVIDUALS = Sort(
    path=party.PATH,
    collection=lambda held: held.individuals,
    filters=party.FILTERS,
    changeable=party.CHANGEABLE,
    statuses=party.STATUSES,
    complete=party.with_full_name,
    guard=_no_running_product,
)
PRODUCTS = Sort(
    path=product.PATH,
    collection=lambda held: held.products,
    filters=product.FILTERS,
    changeable=product.CHANGEABLE,
    statuses=product.STATUSES,
    complete=lambda found: found,
    guard=_ended,
)


class ResourceCalls:
    """The calls that one sort of resource offers."""

    def __init__(self, service: Service, sort: Sort) -> None:
        self._service = service
        self._sort = sort

    def routes(self, base: str) -> Sequence[Route]:
        service, path = self._service, base + self._sort.path
        return [
            Route(path, service.reading(self._list), methods=["GET"]),
            Route(f"{path}/{{id}}", service.reading(self._read), methods=["GET"]),
            Route(f"{path}/{{id}}", service.writing(self._patch), methods=["PATCH"]),
            Route(f"{path}/{{id}}", service.writing(self._delete), methods=["DELETE"]),
        ]

    def _found(self, held: Tenant, request: Request) -> Resource:
        found = self._sort.collection(held).get(request.path_params["id"])
        if found is None:
            raise RefusedError(404)
        return found

    def _list(self, held: Tenant, request: Request) -> Response:
        asked = query(request.query_params, self._sort.filters)
        found = self._sort.collection(held).matching(asked.filters)
        return page(asked, len(found), found[asked.offset : asked.offset + asked.limit])

    def _read(self, held: Tenant, request: Request) -> Response:
        return json_response(selected(self._found(held, request), fields(request.query_params)))

    def _patch(self, held: Tenant, request: Request, body: bytes) -> Response:
        before = self._found(held, request)
        after = self._sort.complete(changed(before, body, self._sort.changeable))
        if after.get("status") not in self._sort.statuses:
            raise RefusedError(400, message="Cannot be set like this: status")
        if after != before:
            self._sort.collection(held).put(after)
            self._service.effect(request, after["id"], kind="change", status=200)
        return json_response(after)

    def _delete(self, held: Tenant, request: Request, _body: bytes) -> Response:
        found = self._found(held, request)
        self._sort.guard(held, found)
        self._sort.collection(held).remove(found["id"])
        self._service.effect(request, found["id"], kind="delete", status=204)
        return Response(status_code=204)
