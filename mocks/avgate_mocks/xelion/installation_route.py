"""`/users`, `/phonelines`, `/lists` and their like: one way to read, change and add them all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.kernel import Kernel
from avgate_mocks.xelion.body import sent_object, sent_operations
from avgate_mocks.xelion.envelope import JsonObject, one, page
from avgate_mocks.xelion.habits import Habits
from avgate_mocks.xelion.installation import PATCHABLE, Installation
from avgate_mocks.xelion.patch import patched
from avgate_mocks.xelion.query import conditions, cursor, limit, oid_in_path
from avgate_mocks.xelion.refusal import XelionError, missing
from avgate_mocks.xelion.scalar import stored
from avgate_mocks.xelion.tenant import Tenants

Endpoint = Callable[[Request], Awaitable[Response]]
_COLLECTIONS = tuple(Installation("", str).collections)


class InstallationRoutes:
    def __init__(self, kernel: Kernel, tenants: Tenants, habits: Habits) -> None:
        self._kernel = kernel
        self._tenants = tenants
        self._habits = habits

    def routes(self) -> list[Route]:
        return [
            *(route for name in _COLLECTIONS for route in self._reading(name)),
            *(
                Route(f"/{name}/{{oid}}", self._patching(name), methods=["PATCH"])
                for name in PATCHABLE
            ),
            Route("/lists", self.make_list, methods=["POST"]),
            Route("/tenants/{oid}/login", self.tenant_login, methods=["POST"]),
        ]

    def _reading(self, name: str) -> list[Route]:
        async def every(request: Request) -> Response:
            rows = list(
                islice(self._asked(request, name), limit(request, self._habits.largest_page))
            )
            if "before" in request.query_params:
                rows.reverse()
            return page(request, name, rows)

        async def single(request: Request) -> Response:
            installation = self._tenants.of(request).installation
            return one(request, name, installation.find(name, oid_in_path(request)))

        return [
            Route(f"/{name}", every, methods=["GET"]),
            Route(f"/{name}/{{oid}}", single, methods=["GET"]),
        ]

    def _asked(self, request: Request, name: str) -> Iterator[JsonObject]:
        """In order of OID, backwards from `before`; of users those of one `userName`."""
        after, before = cursor(request)
        held = self._tenants.of(request).installation.collections[name].values()
        wanted = conditions(request)
        for content in sorted(held, key=_number, reverse=before is not None):
            behind = before is not None and _number(content) >= before
            ahead = after is not None and before is None and _number(content) <= after
            if not behind and not ahead and _meets(content, wanted):
                yield content

    def _patching(self, name: str) -> Endpoint:
        async def patch(request: Request) -> Response:
            tenant = self._tenants.of(request)
            operations = await sent_operations(request)
            before = tenant.installation.find(name, oid_in_path(request))
            after = patched(before, operations, PATCHABLE[name], tenant.new_oid)
            if after != before:
                tenant.installation.put(name, after)
                self._kernel.effect(request, kind="change", subject=None, status=200)
            return Response()

        return patch

    async def make_list(self, request: Request) -> Response:
        content = stored(await sent_object(request))
        name = content.get("commonName") or content.get("name")
        if not isinstance(name, str):
            raise missing("commonName")
        made = self._tenants.of(request).installation.make_list(name)
        self._kernel.effect(request, kind="create", subject=None, status=201)
        response = one(request, "lists", made)
        response.status_code = 201
        return response

    async def tenant_login(self, _request: Request) -> Response:
        """Only the master tenant may, and none of these is it (tenants_login.html)."""
        raise XelionError(400, 10063, "not the master tenant")


def _number(content: JsonObject) -> int:
    return int(content["oid"])


def _meets(content: JsonObject, wanted: dict[str, tuple[str, ...]]) -> bool:
    attributes = {"obj_type": "objectType"}
    return all(
        str(content.get(attributes.get(name, name))) in values for name, values in wanted.items()
    )
