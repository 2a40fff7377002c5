"""Stage LOCATE of an erasure or rectification: lists what is held and writes the references down.

Nothing is changed upstream before the references are on disk, so a crash later never looks for
items again and never mistakes its own work for "nothing held".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from avgate_contracts.connector import SupportsRectify
from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.record import ItemRef, Record
from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential
from avgate_gateway.flow import earlier
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.looking import Look, learn
from avgate_gateway.request import Confidential
from avgate_gateway.store import evidence, items, tasks
from avgate_gateway.store.item import Found, Item
from avgate_gateway.store.tasks import LEFT_OUT, SHOWN, Stage
from avgate_gateway.store.unseen import noted
from avgate_gateway.vault import Box

_AT_ONCE = 500


async def locate(part: Part, person: Confidential, box: Box) -> bool:
    """Records every item that concerns the request; raises what the connector raises.

    False where it broke off, for by what it learned it will look anew.
    """
    look = Look.of(part, person, Operation.ACCESS)
    look.left = await earlier.left(part, person.subject)
    aside = look.aside = set[str]()
    shelf = _Shelf(part)
    async with aclosing(look.records()) as records:
        async for record in records:
            if look.begins_anew(record):
                await learn(part, look, box)
                return False
            look.shown += 1
            if (found := _found(part, person, record)) is not None:
                await shelf.put(found)
    look.insist()
    if any(digest_of(part, ref) in shelf.seen for ref in aside):
        raise ContractBrokenError(
            "one thing is listed as theirs, and as somebody else's as well: have that put right there"
        )
    for item in _by_hand(part, look):
        await shelf.put(Found(digest_of(part, item.ref), item))
    await shelf.close(look, look.lesson.sealed(box))
    return True


def _found(part: Part, person: Confidential, record: Record) -> Found | None:
    digest = digest_of(part, record.item.ref)
    if part.request.operation is Operation.ERASE:
        return Found(digest, record.item)
    return _to_rectify(part, person, record, digest)


def _to_rectify(part: Part, person: Confidential, record: Record, digest: str) -> Found | None:
    """An item that holds a field to change; all of them where an upstream cannot change any."""
    wanted = {change.name for change in person.changes}
    fields = {name: held for name, held in record.fields.items() if name in wanted and held}
    if not fields and can(part.connector, SupportsRectify):
        return None
    return Found(digest, record.item, confidential.fields_to_bytes(fields))


def _by_hand(part: Part, look: Look) -> list[ItemRef]:
    """What stands in an erasure for parts that only a person can ask: planned, approved and done."""
    if part.request.operation is not Operation.ERASE:
        return []
    return [unseen.item for unseen in look.unseen if unseen.item is not None]


def digest_of(part: Part, ref: str) -> str:
    """The blind index of a reference: tells whether two are the same without opening any."""
    request = part.request
    return part.context.vault.blind(request.controller, request.id, part.name, ref)


@dataclass(slots=True)
class _Shelf:
    """Writes found items down in batches, each item once."""

    part: Part
    waiting: list[Found] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    is_clean: bool = False

    async def put(self, found: Found) -> None:
        if found.digest in self.seen:
            return
        self.seen.add(found.digest)
        self.waiting.append(found)
        if len(self.waiting) >= _AT_ONCE:
            await self._write()

    async def close(self, look: Look, learned: bytes) -> None:
        await self._write(learned, look)

    async def _write(self, learned: bytes | None = None, look: Look | None = None) -> None:
        part, now = self.part, self.part.context.now()
        async with part.context.database.write() as db:
            if not self.is_clean:
                await items.forget(db, part.request.id, part.name)
                self.is_clean = True
            await items.add(db, part.request.id, part.name, self.waiting, part.references)
            if learned is not None and look is not None:
                stand = _by_hand(part, look)
                missed = [one for one in look.unseen if one.item not in stand]
                await tasks.move(
                    db, part.request.id, part.name, Stage.LOCATED, now,
                    quarantined=look.quarantined, tally={SHOWN: look.shown, LEFT_OUT: look.left_out}, learned_box=learned, looked_with=part.looked_with,
                    unseen=noted(missed, (await tasks.find(db, part.request.id, part.name)).unseen),
                    left_earlier=look.left_earlier(),
                )  # fmt: skip
                await evidence.note(
                    db, now, part.request, "task.located",
                    {"connector": part.name, "items": len(self.seen), "set_aside": look.quarantined,
                     "unseen": [one.part for one in missed], "by_name_card": bool(part.cards)},
                )  # fmt: skip
        self.waiting = []


def refs_of(part: Part, rows: Sequence[Item]) -> list[ItemRef]:
    """The references of items, opened."""
    return [row.ref(part.references) for row in rows]
