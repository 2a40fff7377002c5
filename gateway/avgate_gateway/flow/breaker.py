"""Holds up erasures that come in a crowd nobody expects, until a person has looked.

They are counted where they are let go, in the transaction that does so, by rows that all processes
share: neither a restart nor an answer that was lost gives anybody more.
"""

from __future__ import annotations

from datetime import timedelta

from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow.context import Context
from avgate_gateway.guard.rate import Policy
from avgate_gateway.logs.catalogue import ERASURES_HELD
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import evidence, rates
from avgate_gateway.store.connection import Connection

HELD = "erasure.held"
LET_GO = "erasure.let_go"
_HOUR = 3600


async def wait(
    db: Connection, context: Context, request: SubjectRequest, by: str | None = None
) -> timedelta | None:
    """Counts an erasure that is about to begin; how long there is no room for it, where there is none.

    `by` is who approves it; None where the controller's policy does.
    """
    if request.operation is not Operation.ERASE:
        return None
    desk, whose = context.desks[request.controller], request.controller
    of_client = Policy("erasures-of-client", desk.erasures_of_client, _HOUR)
    of_all = Policy("erasures", desk.erasures, _HOUR)
    asked = [(of_client, (whose, "asks", request.client_id)), (of_all, (whose,))]
    if by is not None:
        asked.insert(1, (of_client, (whose, "approves", by)))
    for policy, key in asked:  # all of them last: who is held up takes nobody else's room
        taken = await rates.take(db, policy, key, 1, context.now())
        if not taken.granted:
            ERASURES_HELD.tell(most=policy.quota, client=by or request.client_id)
            return timedelta(seconds=taken.seconds)
    return None


async def lets_begin(db: Connection, context: Context, request: SubjectRequest) -> bool:
    """Whether one may begin that nobody has to approve; one that may not is left to a person for good."""
    if await is_held(db, request):
        return False
    if await wait(db, context, request) is None:
        return True
    await evidence.note(db, context.now(), request, HELD, {})
    return False


async def is_held(db: Connection, request: SubjectRequest) -> bool:
    """Whether it was left to a person."""
    return await evidence.tells_of(db, request.id, HELD)


async def let_go(db: Connection, context: Context, request: SubjectRequest, by: str) -> None:
    """Writes down that somebody approved it who may, though there was no room."""
    await evidence.note(db, context.now(), request, LET_GO, {"by": by})
