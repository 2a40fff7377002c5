"""Level 2, behaviour: nothing is left out, and nothing is touched that was not meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from avgate_contracts.connector import SupportsAccess, SupportsErase, SupportsRectify
from avgate_contracts.identifier import Identifier
from avgate_contracts.kit.alteration import another
from avgate_contracts.kit.bench import Bench, bench_of
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.listing import unfinished
from avgate_contracts.kit.shown import refs
from avgate_contracts.kit.spelling import appears
from avgate_contracts.kit.story import Play, wanted
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.outcome import Completed, Effect, Pending
from avgate_contracts.record import FieldChange, ItemChange, Record
from avgate_contracts.subject import DataSubject

ERASES, RECTIFIES = (SupportsAccess, SupportsErase), (SupportsAccess, SupportsRectify)


class CareLaws(Declared):
    """What holds of every item, also of what nobody asked about."""

    @law(2, SupportsAccess)
    async def test_a_list_is_read_to_its_end(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in (each for each in ("access", "export") if each in bench.stories):
            await bench.happy(story)
            tape = bench.tape(story).interactions
            wrong += [f"in {story!r}: {what}" for what in unfinished(tape)]
        expect(
            not wrong,
            "a list is read for as long as the upstream says that there is more",
            some(wrong),
            "follow the cursor, the link or the count to the end, then record again: avgate record",
        )

    @law(2, *ERASES)
    async def test_nothing_turns_up_once_all_is_erased(self) -> None:
        run = await bench_of(type(self)).happy("erase")
        before, after = (
            set(refs(run.step(name).findings)) for name in ("access", "access after all")
        )
        expect(
            after <= before,
            "when all that was found is erased, access finds nothing that it had not found before",
            f"finds {len(after - before)} other items",
            "look whether lists are read to the end, and whether an item has the same ref each time",
        )

    @law(2, SupportsAccess)
    async def test_every_value_of_a_kind_is_asked_for(self) -> None:
        bench, wrong = bench_of(type(self)), []
        happy = await bench.happy("access")
        for one in bench.cast.subject.identifiers:
            if not _is_asked(one.value, happy.asked):
                continue
            other = Identifier.of(one.kind, another(one.value))
            whom = DataSubject("kit-several", (*bench.cast.subject.identifiers, other))
            run = await bench.rehearse("access", cast=replace(bench.cast, subject=whom))
            if not _is_asked(other.value, run.asked):
                wrong.append(f"does not ask for a second {one.kind.value}")
        expect(
            not wrong,
            "a person with two values of one kind is looked for by both",
            some(wrong),
            "loop over subject.of_kind(...); what both find is yielded once",
        )

    @law(2, SupportsAccess)
    async def test_moments_have_a_time_zone(self) -> None:
        bench = bench_of(type(self))
        found = (await bench.happy("access")).step("access").records
        moments = [each for r in found for each in (r.item.term_starts, r.occurred_at) if each]
        naive = [f"{sum(map(_is_naive, moments))} moments"] if any(map(_is_naive, moments)) else []
        expect(
            not naive,
            "each moment says its time zone: retention terms are counted from it",
            f"yields {some(naive)} without one",
            "type it as pydantic.AwareDatetime, or give it the zone that the upstream means",
        )

    @law(2, *ERASES)
    async def test_pending_says_a_later_moment(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("erase")
        begin = bench.suite.now or bench.tape("erase").meta.recorded_at
        moments = [
            each.outcome.look_again_at
            for step in run.play.steps
            for each in step.outcomes
            if isinstance(each.outcome, Pending)
        ]
        early = [each for each in moments if _is_naive(each) or each <= begin]
        expect(
            not early,
            "Pending says when to look again: a moment to come, with its time zone",
            f"says one that has passed, or has no time zone, {len(early)} times",
            "Pending(job, http.now() + timedelta(...))",
        )

    @law(2, *RECTIFIES)
    async def test_rectifying_leaves_the_rest_of_an_item(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("rectify")
        after = {record.item.ref: record for record in run.step("access after").records}
        outcomes, wrong = run.step("rectify").by_ref, list[str]()
        records = {record.item.ref: record for record in run.step("access").records}
        for change in wanted(run.step("access").records, bench.cast.changes):
            ref = change.item.ref
            if ref in after and outcomes.get(ref) == Completed(Effect.RECTIFIED):
                wrong += _touched(records[ref], after[ref], change)
        expect(
            not wrong,
            "only the values named by `before` change; others of the same item stay",
            f"changes {some(wrong)}",
            "send only what changes, or what stands there now with the one value replaced",
        )

    @law(2, *RECTIFIES)
    async def test_the_value_named_by_before_is_the_one_replaced(self) -> None:
        bench = bench_of(type(self))
        first: list[ItemChange] = []
        written = await _writes(bench, 0, first)
        other: list[ItemChange] = []
        again = await _writes(bench, -1, other)
        expect(
            not first or first == other or written != again,
            "of several values, the one that `before` names is replaced",
            "writes the same, whichever of the values was wrong",
            "look for change.before among the values that stand there",
        )


async def _writes(bench: Bench, place: int, due: list[ItemChange]) -> list[tuple[str, bytes]]:
    """What is sent to replace the first, or the last, of several values in each item."""

    async def script(play: Play) -> None:
        for record in (await play.find("access")).records:
            changes = tuple(
                FieldChange(name, values[place], bench.cast.changes[name])
                for name, values in record.fields.items()
                if name in bench.cast.changes and len(set(values)) > 1
            )
            due.extend([ItemChange(record.item, changes)] if changes else [])
        if due:
            await play.change("rectify", due[:1])

    run = await bench.rehearse("rectify", script=script)
    return [(asked.target, asked.body) for asked in run.transport.writes("rectify")]


def _touched(before: Record, after: Record, change: ItemChange) -> Iterator[str]:
    """The fields that were to stay as they were, and did not; members of `data` that were emptied."""
    due = {each.name: {each.before} for each in change.changes}
    for name, values in before.fields.items():
        if set(values) - due.get(name, set()) - set(after.fields.get(name, ())):
            yield str(name.value)
    gone = {each.before for each in change.changes}
    for place, value in _leaves(before.data, ()):
        if value and value not in gone and _at(after.data, place) in ("", None):
            yield "a member that is empty now"


def _leaves(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*place, name))
    elif isinstance(value, str):
        yield place, value


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_asked(value: str, asked: Sequence[Asked]) -> bool:
    return any(appears(value, [each.target.encode(), each.body]) for each in asked)


def _is_naive(moment: datetime) -> bool:
    return moment.tzinfo is None
