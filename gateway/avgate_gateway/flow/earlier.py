"""Finds what earlier erasures of the same person left, where nothing in the upstream leads to it.

Once a card is erased, the calls that the law keeps are found by no number and no name. "Nothing is
held" would be untrue, and the ones who can say better are the requests that kept them.
"""

from __future__ import annotations

from collections.abc import Iterable

from avgate_contracts.identifier import LASTING, Identifier
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway.flow.context import Context, Part
from avgate_gateway.store import earlier, requests
from avgate_gateway.store.earlier import Lead
from avgate_gateway.store.item import Item
from avgate_gateway.vault import RETENTION_KEY, Box


def leads(context: Context, controller: str, identifiers: Iterable[Identifier]) -> set[Lead]:
    """The blind indexes of what is somebody's for good."""
    return {
        Lead(
            context.vault.blind(controller, "lead", one.kind.value, one.value),
            one.kind is IdentifierKind.CUSTOMER_ID,
        )
        for one in identifiers
        if one.kind
        in LASTING  # a number's next holder is to learn nothing of what its last one left
    }


async def left(part: Part, subject: DataSubject) -> dict[str, Item]:
    """What earlier erasures left with this connector, by the connector's own reference."""
    request = part.request
    return await left_with(part.context, request.controller, part.name, subject, request.id)


async def left_with(
    context: Context, controller: str, connector: str, subject: DataSubject, but_not: str = ""
) -> dict[str, Item]:
    """The same for whoever looks without a request."""
    known = leads(context, controller, subject.identifiers)
    async with context.database.read() as db:
        rows = await earlier.left(db, known, connector, but_not=but_not) if known else ()
        sealed = {one: await requests.sealed(db, one) for one in {row.request_id for row in rows}}
    boxes: dict[str, Box] = {
        one: context.vault.box(keys.retention_key, one, RETENTION_KEY)
        for one, keys in sealed.items()
    }
    return {row.ref(boxes[row.request_id]).ref: row for row in rows}
