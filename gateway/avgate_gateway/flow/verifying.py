"""Stage VERIFY: looks for the person again, and believes the upstream only then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from avgate_contracts.connector import SupportsErase, SupportsRecipients
from avgate_contracts.outcome import Failed
from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Operation
from avgate_gateway.flow import later
from avgate_gateway.flow.capability import can
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.locating import digest_of, refs_of
from avgate_gateway.flow.looking import Look
from avgate_gateway.flow.outcomes import columns
from avgate_gateway.store import evidence, items, tasks, verified
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import Stage
from avgate_gateway.store.unseen import noted
from avgate_gateway.store.verified import GONE

_SAID = (ItemState.DONE_BY_HAND,)
# Ways in which what leads to an item may go along with it; whoever is asked to erase, or lists
# people, is asked by what is known of the person.
_LED_TO = frozenset({ErasureWay.DELETE, ErasureWay.ANONYMISE})
STILL_HELD: Final = "still_held"  # what was said to be done was not
_STILL = Failed(STILL_HELD, "looking again, the upstream still shows it")
_PAGE = 500


async def verify(part: Part) -> None:
    """Compares what the upstream shows now with what it said; raises what the connector raises."""
    if part.request.operation is Operation.RECTIFY:
        async with part.context.database.read() as db:
            counts = await _counts(db, part)
        await _finish(part, ItemState.RECTIFIED, counts.get(ItemState.RECTIFIED, 0), 0)
        return
    while not await _is_verified(part):
        pass  # somebody gave their word meanwhile: that is looked into as well


async def _is_verified(part: Part) -> bool:
    """Looks once; False where there is more to look into by the end of it."""
    async with part.context.database.read() as db:
        counts = await _counts(db, part)
        gone = await verified.outstanding(db, part.request.id, part.name)
    said = sum(counts.get(state, 0) for state in _SAID)
    still = await _withdraw(part, await _shown(part), GONE) if gone else 0
    untrue = 0
    if said:
        # What led to these may be gone, and an upstream that nobody can look into shows nothing.
        untrue = await _withdraw(part, await _shown_by_reference(part, _SAID), _SAID)
    return await _finish(
        part, ItemState.ERASED, gone + said, still + untrue, believed=said - untrue
    )


async def _counts(db: Connection, part: Part) -> dict[str, int]:
    found = await items.counts(db, part.request.id)
    return {state: n for (connector, state), n in found.items() if connector == part.name}


async def _shown(part: Part) -> set[str]:
    """Digests of everything the upstream still shows of the person, or of what was erased since it was looked for."""
    if part.person is None:  # the identifiers are destroyed, so each item is looked up by itself
        return await _shown_by_reference(part, GONE)
    look = Look.of(part, part.person, Operation.ACCESS)
    shown, anew = set[str](), defaultdict[str, set[str]](set)
    async for record in look.records():
        shown.add(digest := digest_of(part, record.item.ref))
        if (kind := _kind(part, record.item)) is not None:
            anew[kind].add(digest)
    await _note_unseen(part, look)
    if anew:
        shown |= await _made_anew(part, anew)
    if not look.proven:  # which says nothing of what was found by something that has gone since
        shown |= await _shown_by_reference(part, GONE, _LED_TO)
    return shown


def _kind(part: Part, item: ItemRef) -> str | None:
    """Of what tells who somebody is, and of what another company holds, what is new is not gone.

    Of all else it is: whoever stays a customer enters it anew. A company is asked to erase all that it
    has under a name, and may have other references for it each time.
    """
    connector = part.connector
    if item.erasure is ErasureWay.FORWARD:
        if can(connector, SupportsRecipients):
            return f"of {connector.recipient(item)}"
        return item.category.value
    is_telling = item.category is Category.CONTACT or item.category in connector.manifest.leads
    return item.category.value if is_telling else None


async def _made_anew(part: Part, shown: Mapping[str, set[str]]) -> set[str]:
    """Digests of what is said to be gone, where another of its kind is shown that nobody knew.

    Such as a name card: a program that keeps contacts in step makes it anew, or it was made one with
    another. By its reference it is gone, and the person is there.
    """
    known = set[str]()
    gone = defaultdict[str, set[str]](set)
    last = 0
    while rows := await _claimed(part, last, ()):
        last = rows[-1].id
        known.update(row.digest for row in rows)
        claimed = [row for row in rows if row.state in GONE and row.ref_box]
        for row, ref in zip(claimed, refs_of(part, claimed), strict=True):
            if (kind := _kind(part, ref)) in shown:
                gone[kind or ""].add(row.digest)
        if len(rows) < _PAGE:
            break
    return {digest for kind, some in gone.items() if shown[kind] - known for digest in some}


async def _note_unseen(part: Part, look: Look) -> None:
    """What this look could not see was not verified; what the first could not see was never found.

    So a part stays named that either of them missed, but for those that are items of the erasure.
    """
    missed = [one for one in look.unseen if one.item is None]
    if not missed:
        return
    async with part.context.database.write() as db:
        before = (await tasks.find(db, part.request.id, part.name)).unseen
        named = {one.part for one in before}
        new = noted(one for one in missed if one.part not in named)
        await tasks.change(
            db, part.request.id, part.name, part.context.now(), unseen=(*before, *new)
        )


async def _shown_by_reference(
    part: Part, states: Sequence[ItemState], ways: Collection[ErasureWay] = frozenset(ErasureWay)
) -> set[str]:
    shown: set[str] = set()
    last = 0
    while rows := await _claimed(part, last, states):
        last = rows[-1].id
        refs = refs_of(part, [row for row in rows if row.ref_box and row.erasure in ways])
        if refs and can(part.connector, SupportsErase):
            versions = {ref.ref: ref.version for ref in refs} if states is _SAID else {}
            held = await part.connector.still_held(refs)
            # Another version is another thing, by the word of whoever looked.
            same = (ref for ref in held if versions.get(ref.ref, ref.version) == ref.version)
            shown.update(digest_of(part, ref.ref) for ref in same)
        if len(rows) < _PAGE:
            break
    return shown


async def _claimed(part: Part, after: int, states: Sequence[ItemState]) -> list[Item]:
    async with part.context.database.read() as db:
        return list(
            await items.select(
                db,
                part.request.id,
                connector=part.name,
                states=states,
                after=after,
                limit=_PAGE,
                is_unverified=states is GONE,
            )
        )


async def _withdraw(part: Part, shown: set[str], states: Sequence[ItemState]) -> int:
    """Takes back what was said to be gone and is not; returns how many."""
    last, still = 0, 0
    while rows := await _claimed(part, last, states):
        last = rows[-1].id
        wrong = [row.id for row in rows if row.digest in shown]
        still += len(wrong)
        if wrong:
            async with part.context.database.write() as db:
                await items.change(db, wrong, **columns(_STILL, part.context.now()))
        if len(rows) < _PAGE:
            break
    return still


async def _finish(
    part: Part, state: ItemState, claimed: int, still: int, *, believed: int | None = None
) -> bool:
    """Ends the stage; not where more is said to be done by hand than was looked into and believed."""
    now = part.context.now()
    async with part.context.database.write() as db:
        if believed is not None:
            counts = await _counts(db, part)
            if sum(counts.get(said, 0) for said in _SAID) > believed:
                return False
        await verified.mark(db, part.request.id, part.name)
        await tasks.move(db, part.request.id, part.name, Stage.DONE, now)
        if claimed and part.connector.manifest.relists:
            await later.schedule_looks(db, part, now)
        await evidence.note(
            db, now, part.request, "task.verified",
            {"connector": part.name, "looked_for": claimed, "kind": state, "still_held": still},
        )  # fmt: skip
    return True
