"""Individuals and products: listed, read, patched and deleted in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.operator import party, product
from avgate_mocks.operator.answer import json_answer, no_content
from avgate_mocks.operator.collection import Collection
from avgate_mocks.operator.patch import changed, created
from avgate_mocks.operator.query import fields, page, query, selected
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.service import Service
from avgate_mocks.operator.shape import Resource
from avgate_mocks.operator.specification import Specification
from avgate_mocks.operator.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Sort:
    """What sets one sort of resource apart."""

    name: str
    specification: str
    path: str
    collection: Callable[[Tenant], Collection]
    filters: frozenset[str]
    changeable: frozenset[str]
    fixed: frozenset[str]  # what only a new one may name
    required: frozenset[str]  # of a new one
    given: Resource  # what a new one has if nothing is said
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
    name="individual",
    specification="TMF632-Party-v4.0.0",
    path=party.PATH,
    collection=lambda held: held.individuals,
    filters=party.FILTERS,
    changeable=party.CHANGEABLE,
    fixed=frozenset(),
    required=frozenset({"givenName", "familyName"}),
    given={"status": "initialized"},
    complete=party.with_full_name,
    guard=_no_running_product,
)
PRODUCTS = Sort(
    name="product",
    specification="TMF637-ProductInventory-v4.0.0",
    path=product.PATH,
    collection=lambda held: held.products,
    filters=product.FILTERS,
    changeable=product.CHANGEABLE,
    fixed=product.FIXED,
    required=frozenset({"status"}),
    given={},
    complete=lambda found: found,
    guard=_ended,
)


class ResourceCalls:
    """The calls that one sort of resource offers."""

    def __init__(self, service: Service, sort: Sort) -> None:
        self._service = service
        self._sort = sort
        self._specification = Specification(sort.specification)

    def routes(self, base: str) -> Sequence[Route]:
        service, path = self._service, base + self._sort.path
        return [
            Route(path, service.reading(self._list), methods=["GET"]),
            Route(path, service.writing(self._create), methods=["POST"]),
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
        asked = query(request.query_params, self._sort.filters, self._service.largest_page)
        found = self._sort.collection(held).matching(asked.filters)
        return page(asked, len(found), found[asked.offset : asked.offset + asked.limit])

    def _read(self, held: Tenant, request: Request) -> Response:
        return json_answer(selected(self._found(held, request), fields(request.query_params)))

    def _create(self, held: Tenant, request: Request, body: bytes) -> Response:
        content = created(body, self._sort.changeable | self._sort.fixed, self._sort.required)
        made = self._service.new_id(self._sort.path)
        after = self._complete({**self._sort.given, **content, **made})
        self._sort.collection(held).put(after)
        self._service.effect(request, after["id"], kind="create", status=201)
        self._service.hub.tell(held.controller, self._sort.name, "CreateEvent", after)
        return json_answer(after, 201, {"Location": after["href"]})

    def _complete(self, resource: Resource) -> Resource:
        """Raises RefusedError with status 400 for what the specification does not allow."""
        wrong = self._specification.misfits(self._sort.name.capitalize(), resource)
        if "status" not in resource:
            wrong = [*wrong, "status"]
        if wrong:
            raise RefusedError(400, message=f"Cannot be set like this: {', '.join(wrong)}")
        return self._sort.complete(resource)

    def _patch(self, held: Tenant, request: Request, body: bytes) -> Response:
        _refuse_other_than_json(request)
        before = self._found(held, request)
        after = self._complete(changed(before, body, self._sort.changeable))
        if after != before:
            self._sort.collection(held).put(after)
            self._service.effect(request, after["id"], kind="change", status=200)
            moved = after["status"] != before["status"]
            happened = "StateChangeEvent" if moved else "AttributeValueChangeEvent"
            self._service.hub.tell(held.controller, self._sort.name, happened, after)
        return json_answer(after)

    def _delete(self, held: Tenant, request: Request, _body: bytes) -> Response:
        found = self._found(held, request)
        self._sort.guard(held, found)
        self._sort.collection(held).remove(found["id"])
        self._service.effect(request, found["id"], kind="delete", status=204)
        self._service.hub.tell(held.controller, self._sort.name, "DeleteEvent", found)
        return no_content()


def _refuse_other_than_json(request: Request) -> None:
    """PATCH takes a merge patch (RFC 7396) under its own media type or as JSON; no other patch."""
    kind, _, _ = request.headers.get("Content-Type", _PATCHES[0]).partition(";")
    if kind.strip().lower() not in _PATCHES:
        raise RefusedError(400, message=f"The body must be {' or '.join(_PATCHES)}")


_PATCHES = ("application/json", "application/merge-patch+json")
