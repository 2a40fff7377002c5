"""What is left to people, as conditions: what no program will do, nor look at again by itself."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from avgate_gateway.store.item import LEFT_TO_PEOPLE, REJECTED, ItemState
from avgate_gateway.store.schema import item
from avgate_gateway.store.written_out import one_of

# An upstream's refusal with a day on which it may end is looked at again then; and what a person
# refused to approve is nobody's work.
REFUSED_FOR_GOOD: Final = sa.and_(
    item.c.state == ItemState.REFUSED.value, item.c.look_at.is_(None), item.c.code != REJECTED
)
LEFT: Final = sa.or_(one_of(item.c.state, LEFT_TO_PEOPLE), REFUSED_FOR_GOOD)
