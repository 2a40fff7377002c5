"""The core network as its callers meet it: who they are, and what a call may have done once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from avgate_contracts.vocabulary import Category
from avgate_mocks.answers import KeyReusedError
from avgate_mocks.kernel import Kernel
from avgate_mocks.operator.hub import Hub
from avgate_mocks.operator.query import MOST
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.shape import Resource
from avgate_mocks.operator.tenant import Tenant, holds, party_id, tenant
from avgate_mocks.operator.token import Tokens
from avgate_mocks.people import CONTROLLERS, Person, salt_of

Handler = Callable[[Tenant, Request], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Service:
    """The tenants, the tokens, and the ledger of what happened to whom."""

    def __init__(
        self, kernel: Kernel, href: Callable[[str, str], str], largest_page: int = MOST
    ) -> None:
        self.kernel = kernel
        self.largest_page = largest_page
        self.tokens = Tokens(kernel)
        self.hub = Hub(kernel)
        self._href = href
        self._made = 0
        self._tenants = {name: tenant(kernel.world, name, href) for name in CONTROLLERS}
        self._people = {
            party_id(kernel.world, person): person.id
            for person in kernel.world.known_to("operator")
        }

    def holds(self, person: Person) -> Mapping[Category, int]:
        if self.kernel.name not in person.known_to:
            return {}
        return holds(self._tenants[person.controller], party_id(self.kernel.world, person))

    def reading(self, handler: Handler) -> Endpoint:
        """A call that changes nothing, answered for the tenant whose token came with it."""

        async def answer(request: Request) -> Response:
            try:
                return handler(self._tenants[self.tokens.controller(request)], request)
            except RefusedError as refused:
                return refused.response()

        return answer

    def writing(self, handler: Callable[[Tenant, Request, bytes], Response]) -> Endpoint:
        """A call that changes something, at most once for each Idempotency-Key."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            try:
                caller = self.tokens.controller(request)
                held = self._tenants[caller]
                return self.kernel.once(request, caller, body, lambda: handler(held, request, body))
            except RefusedError as refused:
                return refused.response()
            except KeyReusedError:
                message = "This Idempotency-Key came with another body before"
                return RefusedError(400, message=message).response()

        return answer

    def new_id(self, path: str) -> Resource:
        """Id and address for something that is created."""
        self._made += 1
        made = f"{salt_of(self.kernel.world.seed, 'made', self._made):016x}"
        return {"id": made, "href": self._href(path, made)}

    def effect(self, request: Request, resource_id: str, *, kind: str, status: int) -> None:
        """Note an effect on the person whom a resource concerns: ids begin with their party's.

        What was created here concerns none of the invented people.
        """
        subject = self._people.get(resource_id.partition("-")[0])
        self.kernel.effect(request, kind=kind, subject=subject, status=status)
