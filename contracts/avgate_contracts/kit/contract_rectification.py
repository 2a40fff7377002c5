"""Level 2, behaviour: a value that was put right is shown, and nothing else has changed."""

from __future__ import annotations

from collections.abc import Iterable

from avgate_contracts.connector import SupportsAccess, SupportsRectify
from avgate_contracts.kit.bench import bench_of
from avgate_contracts.kit.contract_erasure import keys_in, mismatched, shared_keys
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.law import law
from avgate_contracts.kit.settled import words
from avgate_contracts.kit.shown import shown
from avgate_contracts.kit.story import wanted
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.outcome import Completed, Effect
from avgate_contracts.record import ItemChange, Record

RECTIFIES = (SupportsAccess, SupportsRectify)
_NOW_RIGHT = {Effect.RECTIFIED, Effect.ALREADY_RIGHT}


class RectificationLaws(Declared):
    """What holds for every connector that rectifies."""

    @law(2, *RECTIFIES)
    async def test_the_class_says_what_to_rectify(self) -> None:
        expect(
            bool(type(self).changes),
            "a test class of a connector that rectifies names `changes`",
            "its test class names none",
            'add e.g. changes = {"address.city": "Hilversum"}',
        )

    @law(2, *RECTIFIES)
    async def test_every_item_rectified_has_one_outcome(self) -> None:
        run = await bench_of(type(self)).happy("rectify")
        steps = [run.step(name) for name in ("rectify", "rectify again")]
        wrong = [each for step in steps for each in mismatched(step)]
        expect(
            not wrong,
            "rectify() gives one outcome for each item it is given, and for no other",
            f"gives {some(wrong)}",
            "return sdk.ItemOutcome(change.item.ref, ...) for every change",
        )

    @law(2, *RECTIFIES)
    async def test_a_rectified_value_is_shown(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("rectify")
        outcomes = run.step("rectify").by_ref
        changes = wanted(run.step("access").records, bench.cast.changes)
        after = {record.item.ref: record for record in run.step("access after").records}
        right = [change for change in changes if _is_right(outcomes.get(change.item.ref))]
        expect(
            bool(right),
            "at least one item that has the field is rectified",
            f"says only {words(outcomes.values())}",
            "record with a subject whose record has another value than `changes`",
        )
        wrong = []
        for item, each in ((c.item, each) for c in right for each in c.changes):
            record = after.get(item.ref)
            values = record.fields.get(each.name, ()) if record else ()
            if each.after not in values:
                wrong.append(f"does not show the new {each.name.value}")
            if each.before in values and each.before != each.after:
                wrong.append(f"still shows the old {each.name.value}")
        expect(
            not wrong,
            "what rectify() said is right is what access shows afterwards",
            some(wrong),
            "say Completed once you have read the new value back",
        )

    @law(2, *RECTIFIES)
    async def test_rectifying_leaves_other_items_as_they_were(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("rectify")
        changes = wanted(run.step("access").records, bench.cast.changes)
        changed = {change.item.ref for change in changes}
        before, after = (
            _as_changed((r for r in run.step(name).records if r.item.ref not in changed), changes)
            for name in ("access", "access after")
        )
        expect(
            before == after,
            "items that were not to be rectified are as they were",
            "changes some of them",
            "write to the item given, and to no other",
        )

    @law(2, *RECTIFIES)
    async def test_rectifying_twice_changes_once(self) -> None:
        run = await bench_of(type(self)).happy("rectify")
        first, again = run.step("rectify").by_ref, run.step("rectify again").by_ref
        worse = [ref for ref in first if _is_right(first[ref]) and not _is_right(again.get(ref))]
        expect(
            not worse,
            "rectified again, what is right is still said to be right",
            f"says {words(again.get(ref) for ref in worse)} of it",
            "look first; what stands there already is Completed(Effect.ALREADY_RIGHT)",
        )
        known = {(asked.target, asked.key) for asked in run.transport.writes("rectify")}
        writes = run.transport.writes("rectify again")
        fresh = [asked for asked in writes if (asked.target, asked.key) not in known]
        expect(
            not fresh,
            "rectified again, nothing is written that was not written before, under the same key",
            f"makes {some(f'{asked.method} anew' for asked in fresh)}",
            "look first, and make each key out of the key given and the item",
        )

    @law(2, *RECTIFIES)
    async def test_keys_of_rectifying_are_made_of_the_key_given(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("rectify")
        wrong = shared_keys(run.transport.writes("rectify"))
        other = await bench.rehearse("rectify", any_key=True, key="kit-another-intention")
        if keys_in(run, "rectify") & keys_in(other, "rectify"):
            wrong.append("sends the same key for another intention")
        expect(
            not wrong,
            "each write has a key of its own, made of the key that rectify() was given",
            some(wrong),
            'send key=f"{key}/{item.ref}", or a uuid5 of it',
        )


def _as_changed(records: Iterable[Record], changes: Iterable[ItemChange]) -> list[str]:
    """What they show, as if each old value were the new: a call may show the name on a card."""
    values = {each.before: each.after for change in changes for each in change.changes}
    texts = [repr(each) for each in shown(records)]
    for before in sorted(filter(None, values), key=len, reverse=True):
        texts = [text.replace(before, values[before]) for text in texts]
    return sorted(texts)


def _is_right(outcome: object) -> bool:
    return isinstance(outcome, Completed) and outcome.effect in _NOW_RIGHT
