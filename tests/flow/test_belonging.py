"""What binds a statement to its controller, and what looks as if it did."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.store.schema import idempotency, item, rate, request, task

from .belonging import Reach

OWN, ANOTHERS = "0" * 36, "1" * 36
MINE = request.c.controller == "libervoice"
_SOME = sa.select(request.c.id).where(MINE).limit(5).subquery()
_ANY = sa.select(request.c.id).limit(5).subquery()
HAS_TASK = sa.exists().where(task.c.request_id == request.c.id)
BOUND: dict[str, Any] = {
    "by the controller": sa.select(request).where(MINE, request.c.state == "closed"),
    "by an id that was found": sa.select(item).where(item.c.request_id == OWN),
    "by several ids that were found": sa.select(item).where(item.c.request_id.in_([OWN, OWN])),
    "by a join": sa.select(item).join(request, request.c.id == item.c.request_id).where(MINE),
    "by a join to what was chosen": sa.select(task).join(_SOME, _SOME.c.id == task.c.request_id),
    "by ids that are chosen": item.delete().where(item.c.request_id.in_(sa.select(_SOME.c.id))),
    "by what stands around it": sa.select(request.c.id).where(MINE, HAS_TASK),
    "by a digest": sa.select(idempotency).where(idempotency.c.scope == "x"),
    "as nobody's": sa.select(rate),
    "written for the controller": delivery.insert().values(
        id="d", controller="libervoice", request_id=OWN
    ),
}
LOOSE: dict[str, tuple[Any, list[str]]] = {
    "without any": (sa.select(request).where(request.c.state == "closed"), ["request"]),
    "by another controller": (sa.select(request).where(request.c.controller == "x"), ["request"]),
    "by what need not hold": (sa.select(request).where(MINE | request.c.closed_at.is_(None)), ["request"]),
    "by what must not hold": (sa.select(request).where(~MINE), ["request"]),
    "by an id that nobody found": (sa.select(item).where(item.c.request_id == ANOTHERS), ["item"]),
    "by ids of which one was found": (sa.select(item).where(item.c.request_id.in_([OWN, ANOTHERS])), ["item"]),
    "by a name": (sa.select(item).join(request, request.c.id == item.c.connector).where(MINE), ["item"]),
    "by a join to anybody's": (sa.select(task).join(_ANY, _ANY.c.id == task.c.request_id), ["request"]),
    "in what is chosen": (delivery.update().where(delivery.c.id.in_(sa.select(delivery.c.id))).values(tries=0), ["webhook_delivery"]),
    "beside what is bound": (sa.select(request, item).where(MINE), ["item"]),
    "in one half": (sa.union_all(sa.select(request.c.id).where(MINE), sa.select(request.c.id)), ["request"]),
    "in what is counted beside it": (sa.select(request.c.id, sa.select(sa.func.count(item.c.id)).scalar_subquery()).where(MINE), ["item"]),
    "by words": (sa.text("SELECT * FROM request"), ["a statement of a kind that nobody has thought of: TextClause"]),
    "written for another": (delivery.insert().values(id="d", controller="x", request_id=OWN), ["webhook_delivery"]),
    "written of another's": (delivery.insert().values(id="d", controller="libervoice", request_id=ANOTHERS), ["webhook_delivery"]),
}  # fmt: skip


@pytest.mark.parametrize("statement", BOUND.values(), ids=BOUND)
def test_binds(statement: Any) -> None:
    assert not Reach("libervoice", {("request", OWN)}).loose(statement, {})


@pytest.mark.parametrize(("statement", "tables"), LOOSE.values(), ids=LOOSE)
def test_leaves_loose(statement: Any, tables: list[str]) -> None:
    assert Reach("libervoice", {("request", OWN)}).loose(statement, {}) == tables


def test_an_id_counts_once_it_was_found_in_rows_that_were_bound() -> None:
    reach = Reach("libervoice")
    of_it = sa.select(item.c.id).where(item.c.request_id == sa.bindparam("it"))
    assert reach.loose(of_it, {"it": OWN}) == ["item"]
    reach.learn(sa.select(request.c.state, request.c.id), [("closed", OWN)])
    assert not reach.loose(of_it, {"it": OWN})
