"""What is left to people, as conditions: what no program will do, nor look at again by itself."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from avgate_gateway.store.hand_tasks import HandTask
from avgate_gateway.store.item import LEFT_TO_PEOPLE, REJECTED, UNDER_WAY, ItemState
from avgate_gateway.store.schema import item
from avgate_gateway.store.written_out import one_of

# An upstream's refusal with a day on which it may end is looked at again then; and what a person
# refused to approve is nobody's work.
REFUSED_FOR_GOOD: Final = sa.and_(
    item.c.state == ItemState.REFUSED.value, item.c.look_at.is_(None), item.c.code != REJECTED
)
LEFT: Final = sa.or_(one_of(item.c.state, LEFT_TO_PEOPLE), REFUSED_FOR_GOOD)


def of_task(task: HandTask) -> sa.ColumnElement[bool]:
    """The items that a person's task is about, and not those of another of its kind.

    Without a category it is all that was left of a connector.
    """
    mine = sa.and_(item.c.request_id == task.request_id, item.c.connector == task.connector)
    if task.category is None:
        return sa.and_(mine, sa.or_(LEFT, one_of(item.c.state, UNDER_WAY)))
    return sa.and_(
        mine,
        LEFT,
        item.c.category == task.category,
        item.c.product == task.product,
        sa.func.coalesce(item.c.code, item.c.state) == task.code,
        sa.func.coalesce(item.c.reason, task.reason) == task.reason,
    )
