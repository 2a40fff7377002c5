"""The published lists over HTTP, each in its own format, and how a test changes one."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.kernel import json_response
from avgate_mocks.subprocessors.orders import ListOrder
from avgate_mocks.subprocessors.published import Published, conditional

_COLUMNS = ("name", "purpose", "country", "products")


@dataclass(frozen=True, slots=True)
class ListRoutes:
    """JSON and CSV; the third kind stands in an OpenDSR discovery."""

    lists: Mapping[str, Published]

    def routes(self) -> list[Route]:
        return [
            Route("/lists/kpn.json", self.kpn),
            Route("/lists/managed-voice.csv", self.managed_voice),
            Route("/_lists", self.publish, methods=["POST"]),
        ]

    async def kpn(self, request: Request) -> Response:
        published = self.lists["kpn"]
        document = {
            "provider": "KPN",
            "updated": published.changed().date().isoformat(),
            "subprocessors": published.lines(),
        }
        return conditional(request, json_response(document), published)

    async def managed_voice(self, request: Request) -> Response:
        published = self.lists["managed-voice"]
        response = Response(_csv(published), media_type="text/csv; charset=utf-8")
        return conditional(request, response, published)

    async def publish(self, request: Request) -> Response:
        """`{"provider", "processors": [{"name", "purpose"?, "country"?, "products"?}]}` → 200."""
        try:
            order = ListOrder.model_validate_json(await request.body())
            published = self.lists[order.provider]
        except (ValidationError, KeyError):
            return json_response({"wrong": {"providers": sorted(self.lists)}}, 422)
        published.publish(order.processors)
        return json_response({"provider": order.provider, "processors": published.lines()})


def _csv(published: Published) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for line in published.lines():
        products = line["products"]
        joined = "; ".join(products) if isinstance(products, list) else ""
        writer.writerow([line["name"], line["purpose"], line["country"], joined])
    return text.getvalue()
