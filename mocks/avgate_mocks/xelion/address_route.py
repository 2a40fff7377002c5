"""`/addressables`: search, read, create, write, patch, remove, join (addressables_*.html)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.kernel import Kernel, json_response
from avgate_mocks.xelion import addressable
from avgate_mocks.xelion.addressable import Addressable
from avgate_mocks.xelion.body import relation, sent_object, sent_operations, sent_text
from avgate_mocks.xelion.envelope import JsonObject, one, page
from avgate_mocks.xelion.habits import Habits
from avgate_mocks.xelion.patch import patched
from avgate_mocks.xelion.query import (
    checked_oid,
    chosen_includes,
    conditions,
    cursor,
    flag,
    limit,
    oid_in_path,
)
from avgate_mocks.xelion.refusal import wrong_object
from avgate_mocks.xelion.scalar import stored
from avgate_mocks.xelion.tenant import Tenant, Tenants
from avgate_mocks.xelion.writing import written_over

_PATH = "addressables"
_STATUS = "available"  # of everybody: nobody here is a user who could be anything else
_LISTED = ("oid", "objectType", "commonName", "permissions", "telecomAddresses")
_INCLUDED = {
    "employment": "employments",
    "additionalNames": "additionalName",
    **{
        name: name
        for name in (
            *("title", "initials", "givenName", "namePrefix", "familyName", "nameSuffix"),
            *("gender", "communicationLanguage", "dateOfBirth"),
            *("fieldOfBusiness", "btwNumber", "kvkNumber"),
        )
    },
}


class AddressRoutes:
    def __init__(self, kernel: Kernel, tenants: Tenants, habits: Habits) -> None:
        self._kernel = kernel
        self._tenants = tenants
        self._habits = habits

    def routes(self) -> list[Route]:
        return [
            Route(f"/{_PATH}", self.search, methods=["GET"]),
            Route(f"/{_PATH}", self.create, methods=["POST"]),
            Route(f"/{_PATH}/{{oid}}", self.read, methods=["GET"]),
            Route(f"/{_PATH}/{{oid}}", self.write, methods=["PUT"]),
            Route(f"/{_PATH}/{{oid}}", self.patch, methods=["PATCH"]),
            Route(f"/{_PATH}/{{oid}}", self.remove, methods=["DELETE"]),
            Route(f"/{_PATH}/{{oid}}/join", self.join, methods=["POST"]),
            Route(f"/{_PATH}/{{oid}}/colleagues", self.colleagues, methods=["GET"]),
            Route(f"/{_PATH}/{{oid}}/contacts", self.contacts, methods=["GET"]),
            Route(f"/{_PATH}/{{oid}}/telecom_address_labels", self.labels, methods=["GET"]),
        ]

    async def search(self, request: Request) -> Response:
        """By `name` only: the vendor documents no search by number or by e-mail address."""
        tenant = self._tenants.of(request)
        found = _matching(request, tenant)
        paged = request.query_params.get("order_by") != "mru"
        rows = list(islice(found, limit(request, self._habits.largest_page)))
        if "before" in request.query_params:
            rows.reverse()
        includes = chosen_includes(request)
        contents = [_listed(tenant, each, includes) for each in rows]
        return page(request, _PATH, contents, paged=paged)

    async def read(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        found = tenant.book.find(oid_in_path(request))
        extra = {"status": _STATUS} if "status" in chosen_includes(request) else {}
        return one(request, _PATH, {**_full(tenant, found), **extra})

    async def create(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        content = stored(await sent_object(request))
        made = tenant.book.create(_with_oids(addressable.split_name(content), tenant))
        self._kernel.effect(request, kind="create", subject=made.owner, status=201)
        response = one(request, _PATH, _full(tenant, made))
        response.status_code = 201
        return response

    async def write(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        found = tenant.book.find(oid_in_path(request))
        content = stored(await sent_object(request))
        if content.get("objectType") != found.content["objectType"]:
            raise wrong_object()
        self._change(request, tenant, found, written_over(found.content, content, tenant.new_oid))
        return one(request, _PATH, _full(tenant, found))

    async def patch(self, request: Request) -> Response:
        """Answers nothing at all, as the vendor's PATCH pages say."""
        tenant = self._tenants.of(request)
        operations = await sent_operations(request)
        found = tenant.book.find(oid_in_path(request))
        rules = addressable.PATCHABLE
        self._change(
            request, tenant, found, patched(found.content, operations, rules, tenant.new_oid)
        )
        return Response()

    def _change(
        self, request: Request, tenant: Tenant, found: Addressable, content: JsonObject
    ) -> None:
        if content != found.content:
            found.content = addressable.changed(found.content, content)
            tenant.book.put(found)
            self._kernel.effect(request, kind="change", subject=found.owner, status=200)

    async def remove(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        gone = tenant.book.remove(oid_in_path(request))
        status = self._habits.deleted_status
        self._kernel.effect(request, kind="delete", subject=gone.owner, status=status)
        return Response(status_code=status)

    async def join(self, request: Request) -> Response:
        """Merges an unknown number into a real object; the logs follow, the unknown one goes."""
        tenant = self._tenants.of(request)
        real = await sent_text(request)
        unknown = tenant.book.find(oid_in_path(request))
        if unknown.content["objectType"] != "UnknownAddressable":
            raise wrong_object()
        if tenant.book.find(checked_oid(real)).content["objectType"] == "UnknownAddressable":
            raise wrong_object()
        tenant.book.remove(unknown.oid)
        tenant.journal.join(unknown.oid, real)
        self._kernel.effect(request, kind="join", subject=unknown.owner, status=204)
        return Response(status_code=204)

    async def colleagues(self, request: Request) -> Response:
        """Everybody employed by the same organisation."""
        found = self._tenants.of(request).book.find(oid_in_path(request))
        firms = _employers(found)
        return self._related(
            request, lambda each: bool(firms & _employers(each)) and each.oid != found.oid
        )

    async def contacts(self, request: Request) -> Response:
        """Everybody who works for this organisation."""
        found = self._tenants.of(request).book.find(oid_in_path(request))
        return self._related(request, lambda each: found.oid in _employers(each))

    def _related(self, request: Request, belongs: Callable[[Addressable], bool]) -> Response:
        tenant = self._tenants.of(request)
        rows = filter(belongs, tenant.book.listed(*cursor(request)))
        some = list(islice(rows, limit(request, self._habits.largest_page)))
        if "before" in request.query_params:
            some.reverse()
        return page(request, _PATH, [_listed(tenant, each, frozenset()) for each in some])

    async def labels(self, request: Request) -> Response:
        """The labels in use on one card."""
        found = self._tenants.of(request).book.find(oid_in_path(request))
        used = {str(line.get("label") or "") for line in found.content["telecomAddresses"]}
        return json_response({"data": sorted(used - {""}), "meta": {"links": [], "paging": {}}})


def _matching(request: Request, tenant: Tenant) -> Iterator[Addressable]:
    if flag(request, "only_users") or request.query_params.get("type") == "chattable":
        return  # nobody in these address books is a user, and only users chat
    name = request.query_params.get("name", "").casefold()
    kinds = conditions(request).get("obj_type", ())
    for each in tenant.book.listed(*cursor(request)):
        named = name in str(each.content["commonName"]).casefold()
        of_kind = not kinds or each.content["objectType"] in kinds
        if named and of_kind:
            yield each


def _listed(tenant: Tenant, each: Addressable, includes: frozenset[str]) -> JsonObject:
    shown = {name: each.content[name] for name in _LISTED}
    # Public programs read the one that stands first, and never the whole relation, from a list.
    shown["telecomAddress"] = next(iter(each.content["telecomAddresses"]), None)
    for name, attribute in _INCLUDED.items():
        if name in includes and attribute in each.content:
            shown[attribute] = each.content[attribute]
    if "employments" in shown:
        shown["employments"] = _employments(tenant, each)
    if "status" in includes:
        shown["status"] = _STATUS
    if "nrCommunicatons" in includes:  # spelt as the vendor spells it
        shown["nrCommunications"] = tenant.communications_with(each.oid)
    return shown


def _full(tenant: Tenant, each: Addressable) -> JsonObject:
    count = tenant.communications_with(each.oid)
    jobs = {"employments": _employments(tenant, each)} if "employments" in each.content else {}
    return {**each.content, **jobs, "nrCommunications": count, "busy": False}


def _employments(tenant: Tenant, each: Addressable) -> list[JsonObject]:
    """Each job under the present name of the organisation that it leads to."""
    return [_job(tenant, entry) for entry in each.content.get("employments") or []]


def _job(tenant: Tenant, entry: JsonObject) -> JsonObject:
    firm = entry.get("organisation")
    if isinstance(firm, dict) and tenant.book.holds(str(firm.get("oid"))):
        firm = tenant.book.reference(str(firm["oid"]))
    name = firm.get("commonName", "") if isinstance(firm, dict) else ""
    return {**entry, "organisation": firm, "commonName": name}


def _with_oids(content: JsonObject, tenant: Tenant) -> JsonObject:
    """New sub-objects get OIDs of the server's choosing."""
    made = {
        name: [{**entry, "oid": tenant.new_oid()} for entry in relation(content, name)]
        for name in addressable.PATCHABLE.relations
        if content.get(name) is not None
    }
    ignored = {"oid", "changeType", "commonName", *addressable.PATCHABLE.relations}
    return {name: each for name, each in content.items() if name not in ignored} | made


def _employers(each: Addressable) -> set[str]:
    employers = (job.get("organisation") for job in each.content.get("employments") or [])
    return {str(firm.get("oid")) for firm in employers if isinstance(firm, dict)}
