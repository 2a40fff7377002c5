"""Level 2, behaviour: erasing comes to what its outcomes say, once, and for no other item."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from avgate_contracts.connector import SupportsAccess, SupportsErase
from avgate_contracts.kit.bench import bench_of, told
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.settled import gone, is_claim, is_gone, words
from avgate_contracts.kit.shown import refs
from avgate_contracts.kit.story import Play, Step
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.record import ErasureWay, ItemRef

ERASES = (SupportsAccess, SupportsErase)


def mismatched(step: Step) -> list[str]:
    """Where items and outcomes of a step do not pair; a later look may add outcomes, not items."""
    given = [item.ref for item in step.given]
    first = [each.ref for each in step.outcomes[: len(given)]]
    wrong = []
    if lost := set(given) - set(first):
        wrong.append(f"no outcome for {len(lost)} of {len(given)} items in {step.name!r}")
    if extra := {each.ref for each in step.outcomes} - set(given):
        wrong.append(f"outcomes for {len(extra)} other items in {step.name!r}")
    if len(set(first)) != len(first):
        wrong.append(f"two outcomes for one item in {step.name!r}")
    return wrong


class ErasureLaws(Declared):
    """What holds for every connector that erases."""

    @law(2, *ERASES)
    async def test_every_item_erased_has_one_outcome(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        steps = [run.step(name) for name in ("erase one", "erase all", "erase again")]
        wrong = [each for step in steps for each in mismatched(step)]
        expect(
            not wrong,
            "erase() gives one outcome for each item it is given, and for no other",
            f"gives {some(wrong)}",
            "return sdk.ItemOutcome(item.ref, ...) for every item",
        )

    @law(2, *ERASES)
    async def test_something_can_be_erased(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        items = run.step("access").records
        by_hand = all(record.item.erasure is ErasureWay.BY_HAND for record in items)
        outcomes = {**run.step("erase all").by_ref, **run.step("erase one").by_ref}
        expect(
            by_hand or any(is_claim(outcome) for outcome in outcomes.values()),
            "at least one item of the subject comes to be erased",
            f"gives only {words(outcomes.values())}",
            "record with a subject who has something that may go",
        )

    @law(2, *ERASES)
    async def test_what_was_erased_is_not_found_again(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        for before, after in (("erase one", "access after one"), ("erase all", "access after all")):
            left = gone(run.step(before).by_ref) & set(refs(run.step(after).findings))
            expect(
                not left,
                "what erase() said is gone is not shown by access",
                f"shows {len(left)} items after {before!r} that it had said were gone",
                "say Completed once the upstream shows it no more; accepted is Pending",
            )

    @law(2, *ERASES)
    async def test_what_was_erased_is_no_longer_held(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        step, held = run.step("erase all"), {item.ref for item in run.step("still held").held}
        lied = gone(step.by_ref) & held
        expect(
            not lied,
            "still_held() leaves out what erase() said is gone",
            f"returns {len(lied)} of them",
            "look at the upstream in both",
        )
        shown = set(refs(run.step("access after all").findings)) & {i.ref for i in step.given}
        expect(
            shown <= held,
            "still_held() returns every item that access still shows",
            f"leaves out {len(shown - held)} of them",
            "look at the upstream in both",
        )
        expect(
            held <= {item.ref for item in step.given},
            "still_held() returns none but the items it is given",
            "returns others",
            "go by the items that are given",
        )

    @law(2, *ERASES)
    async def test_erasing_twice_is_erasing_once(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        first, again = run.step("erase all").by_ref, run.step("erase again").by_ref
        worse = [ref for ref in gone(first) if not is_gone(again.get(ref))]
        expect(
            not worse,
            "erased again, what is gone is still said to be gone",
            f"says {words(again.get(ref) for ref in worse)} of it",
            "look first; what the upstream has no more is Completed(Effect.ALREADY_GONE)",
        )
        known = {(asked.target, asked.key) for asked in run.transport.writes("erase all")}
        known |= {(asked.target, asked.key) for asked in run.transport.writes("erase one")}
        fresh = [a for a in run.transport.writes("erase again") if (a.target, a.key) not in known]
        expect(
            not fresh,
            "erased again, nothing is written that was not written before, under the same key",
            f"makes {some(f'{asked.method} anew' for asked in fresh)}",
            "look first, and make each key out of the key given and the item",
        )

    @law(2, *ERASES)
    async def test_erasing_one_item_leaves_the_others(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        step = run.step("erase one")
        (one,) = step.given
        others = [record.item for record in run.step("access").records if record.item != one]
        others = [item for item in others if not self._go_together(item, one)]
        left = set(refs(run.step("access after one").findings))
        lost = [item for item in others if item.ref not in left]
        expect(
            not lost,
            "erasing one item leaves every other item where it is",
            f"takes {len(lost)} others along",
            "erase exactly the items given; yield what alone leads to others, such as a customer's "
            "card, after them, and name it in Manifest.leads; where the upstream cannot part some of "
            "them, name their group with `together` in the test class",
        )

    @law(2, *ERASES)
    async def test_items_come_in_any_order(self) -> None:
        bench = bench_of(type(self))
        happy = (await bench.happy("erase")).step("erase all")

        async def backwards(play: Play, *, one_first: bool = False) -> None:
            items = [record.item for record in (await play.find("access")).records]
            if one_first:  # as in the recording: one call for several items is only known so
                await play.settle(await play.write("erase one", items[:1]))
            await play.settle(await play.write("erase all", items[::-1]))

        run = await bench.rehearse("erase", script=backwards, any_key=True)
        if run.error is not None:
            script = partial(backwards, one_first=True)
            run = await bench.rehearse("erase", script=script, any_key=True)
        expect(
            run.error is None,
            "items are erased in whatever order they are given",
            told(run.error),
            "sort them inside erase() if the upstream asks for an order",
        )
        step = run.step("erase all")
        expect(
            not mismatched(step) and gone(step.by_ref) >= gone(happy.by_ref),
            "given the other way round, the same items are erased",
            some(mismatched(step)) or f"says {words(step.by_ref.values())}",
            "name each outcome by its own item's ref, and sort inside erase() if need be",
        )

    @law(2, *ERASES)
    async def test_keys_of_erasing_are_made_of_the_key_given(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("erase")
        wrong = []
        for name in ("erase one", "erase all"):
            wrong += shared_keys(run.transport.writes(name))
        other = await bench.rehearse("erase", any_key=True, key="kit-another-intention")
        if keys_in(run, "erase ") & keys_in(other, "erase "):
            wrong.append("sends the same key for another intention")
        expect(
            not wrong,
            "each write has a key of its own, made of the key that erase() was given",
            some(wrong),
            'send key=f"{key}/{item.ref}", or a uuid5 of it',
        )

    @law(2, SupportsErase)
    async def test_no_items_take_no_calls(self) -> None:
        bench = bench_of(type(self))
        asked, outcomes = await bench.nothing_given()
        expect(
            asked == 0 and outcomes == 0,
            "for an empty list of items nothing is asked and nothing is said",
            f"makes {asked} calls and gives {outcomes} outcomes",
            "go by the items that are given, never by the subject",
        )

    def _go_together(self, item: ItemRef, other: ItemRef) -> bool:
        group = type(self).together
        return group is not None and group(item) == group(other)


def keys_in(run: Run, step: str) -> set[str]:
    """The keys sent in the steps of that name; what was asked in others is no part of it."""
    return {asked.key for asked in run.asked if asked.key and asked.step.startswith(step)}


def shared_keys(writes: Iterable[Asked]) -> list[str]:
    by_key: dict[str, set[str]] = {}
    for asked in writes:
        if asked.key:
            by_key.setdefault(asked.key, set()).add(f"{asked.method} {asked.target}")
    return ["sends one key with several writes" for targets in by_key.values() if len(targets) > 1]
