"""Whether a request can still be ended as one of which nothing was done: it is told to the person so."""

from __future__ import annotations

from avgate_gateway.flow.context import Context
from avgate_gateway.flow.settling import awaits_approval
from avgate_gateway.request import COPIES, SubjectRequest
from avgate_gateway.store import hand_tasks, items
from avgate_gateway.store.begun import is_begun
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.tasks import TaskCode


def cools_off(context: Context, request: SubjectRequest) -> bool:
    """Whether it was approved and has not begun: until then it may be withdrawn."""
    begins_at = request.approval.begins_at if request.approval else None
    return begins_at is not None and context.now() < begins_at


async def may_be_withdrawn(db: Connection, context: Context, request: SubjectRequest) -> bool:
    """Whether nothing was approved, by the plan that is shown or by an earlier one, or begun yet."""
    if cools_off(context, request):
        return not (await is_begun(db, request.id) or await is_done_by_people(db, request))
    approved = request.approval is not None and not awaits_approval(request)
    return not approved and await is_untouched(db, request)


async def is_untouched(db: Connection, request: SubjectRequest) -> bool:
    """Whether nothing was approved, or done by anybody."""
    return await items.is_untouched(db, request.id) and not await is_done_by_people(db, request)


async def is_done_by_people(db: Connection, request: SubjectRequest) -> bool:
    """Whether somebody said that they changed anything by hand: what is stuck waits for no plan.

    Whoever makes a copy by hand changes nothing, nor does who says which of two people is meant.
    """
    if request.operation in COPIES:
        return False
    return await hand_tasks.is_any_done(db, request.id, but=TaskCode.AMBIGUOUS)
