"""How long data is kept, and on what grounds: the matrix in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response
from starlette.routing import Route

from avgate_gateway.authentication import Scope
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.retention import Pack, describe
from avgate_gateway.retention.rule import Rule


def routes(door: Door) -> list[Route]:
    return [door.page("/console/retention", show, Scope.READ)]


async def show(visit: Visit) -> Response:
    pack = visit.desk.pack
    told = {str(row["rule"]): row for row in describe(pack)}
    return visit.sheet.page(
        "retention.html",
        {
            "pack": pack,
            "products": of_products(pack),
            "terms": {name: row["terms"] for name, row in told.items()},
            "policy": pack.policy,
        },
    )


def of_products(pack: Pack) -> Mapping[str, Sequence[Rule]]:
    """The rules by product, in the order of the matrix."""
    found: dict[str, list[Rule]] = {}
    for rule in pack.rules.values():
        found.setdefault(rule.product.value, []).append(rule)
    return found
