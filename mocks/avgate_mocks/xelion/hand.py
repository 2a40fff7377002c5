"""`POST /_by_hand`: what an administrator removes in the management environment, outside the API."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from avgate_mocks.kernel import Kernel, json_response
from avgate_mocks.xelion.refusal import XelionError, answer
from avgate_mocks.xelion.tenant import Tenant, Tenants


class Order(BaseModel):
    """Objects of the address book, or communications, to be removed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str
    oids: list[str]


class ByHand:
    """Of a communication with sound the sound goes; of one without, the whole."""

    def __init__(self, kernel: Kernel, tenants: Tenants) -> None:
        self._kernel = kernel
        self._tenants = tenants

    async def remove(self, request: Request) -> Response:
        try:
            order = Order.model_validate_json(await request.body())
            tenant = self._tenants.named(order.tenant)
            for oid in order.oids:
                subject = _remove(tenant, oid)
                self._kernel.effect(request, kind="by_hand", subject=subject, status=200)
        except ValidationError:
            return json_response({"expected": {"tenant": "string", "oids": ["string"]}}, 422)
        except XelionError as error:
            return answer(error, request)
        return json_response({"removed": order.oids})


def _remove(tenant: Tenant, oid: str) -> str | None:
    if tenant.book.holds(oid):
        owner = tenant.book.find(oid).owner
        tenant.book.drop(oid)
        return owner
    entry = tenant.journal.find(oid)
    tenant.journal.remove_by_hand(entry)
    return entry.person.id
