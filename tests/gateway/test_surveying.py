"""A survey of systems that are slow, full, mistaken or talkative: bounded, and never a mix-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from avgate_contracts.connector import Connector, Manifest, SupportsAccess
from avgate_contracts.errors import AmbiguousSubjectError, MisconfiguredError, UnavailableError
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import ErasureWay, ItemRef, Record, Unseen, WhyUnseen
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Product
from avgate_gateway.bulkheads import Bulkheads, named
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.flow.surveyed import Answer, Bounds, Revealed, Silence
from avgate_gateway.flow.surveying import survey
from avgate_gateway.flow.tallying import Fate, Tally
from avgate_gateway.keyring import KeyRing
from avgate_gateway.pausing import Pauses
from avgate_gateway.retention import Action, GroundCode, load_pack
from avgate_gateway.retention.ground import GROUNDS
from avgate_gateway.store.database import Database
from avgate_gateway.store.pauses import Pause
from avgate_gateway.vault import Vault

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PACK = load_pack("libervoice-2019")
MAIL = Identifier.of(IdentifierKind.EMAIL, "a@example.nl")
PHONE = Identifier.of(IdentifierKind.PHONE, "+31612345678")
ANOTHER = Identifier.of(IdentifierKind.EMAIL, "b@example.nl")


def call(ref: str, at: datetime | None = NOW, **more: Any) -> Record:
    item = ItemRef(ref, Category.COMMUNICATION_METADATA, Product.VOICE, term_starts=at)
    return Record(item, (more.pop("whose", MAIL),), {"secret": "x"}, occurred_at=at, **more)


def card(ref: str, *identifiers: Identifier) -> Record:
    item = ItemRef(ref, Category.CONTACT, Product.GENERAL, service_runs=True)
    return Record(item, identifiers, {}, fields={Field.NAME_FAMILY: ("Quist",)})


class System(SupportsAccess):
    """Shows what it is given, after whatever it is given to do first."""

    settings_type = object

    def __init__(self, name: str, *shown: Record | Unseen | Exception, **of: Any) -> None:
        kinds = of.pop("finds_by", {IdentifierKind.EMAIL})
        holds = frozenset(of.pop("holds", {Category.COMMUNICATION_METADATA}))
        self.hangs = of.pop("hangs", False)
        self.manifest = Manifest(name, name.title(), "Us", frozenset(kinds), holds, **of)
        self.shown = shown
        self.asked: list[tuple[Identifier, ...]] = []

    async def check(self) -> None: ...

    async def access(self, subject: DataSubject) -> AsyncIterator[Record | Unseen]:
        self.asked.append(subject.identifiers)
        if self.hangs:
            await asyncio.Event().wait()
        for one in self.shown:
            if isinstance(one, Exception):
                raise one
            yield one


def connected(*systems: System) -> Mapping[str, Connector]:
    """As a desk has them: of these each object has a manifest of its own, and not each class."""
    return cast("Mapping[str, Connector]", {one.manifest.name: one for one in systems})


async def asked(
    *systems: System, by: Sequence[Identifier] = (MAIL,), **more: Any
) -> dict[str, Answer]:
    """What they answer; the database stands for none at all: nothing may be read or written."""
    desk = Desk("c", "C", "nl", PACK, 28, frozenset(), connected(*systems))
    none: Database = None  # type: ignore[assignment] # whoever touches it fails
    context = Context(
        none, Vault(KeyRing.of(b"k" * 32), b"i" * 32), lambda: NOW, {"c": desk},
        timedelta(days=7), timedelta(days=30), pauses=more.pop("pauses", None),
    )  # fmt: skip
    bulkheads = more.pop("bulkheads", None) or Bulkheads()
    found = await survey(context, "c", by, bulkheads, **more)
    assert not any(bulkheads.taken.values()), "a place is not given back"
    return {one.connector: one for one in found}


async def test_only_what_is_theirs_is_counted_and_each_item_once() -> None:
    system = System("crm", call("1"), call("1"), call("2", whose=ANOTHER), call("3"))
    answer = (await asked(system))["crm"]
    assert (answer.count, answer.set_aside, answer.silence) == (2, 1, None)
    assert "x" not in repr(answer)
    assert not answer.records


class Paused(Pauses):
    """What is paused, as soon as it is said."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def of(self, controller: str) -> Mapping[str, Pause]:
        assert controller == "c"
        return {name: Pause("c", name, NOW, "chief", "it moves") for name in self.names}


async def test_a_paused_system_is_not_called_and_says_so() -> None:
    resting, other = System("crm", call("1")), System("bills", call("2"))
    told = await asked(resting, other, pauses=Paused("crm"))
    assert (told["crm"].silence, resting.asked) == (Silence.PAUSED, [])
    assert told["bills"].count == 1


async def test_a_system_that_is_paused_during_the_look_is_not_called_any_more() -> None:
    """What one tells would lead to another look at the other, but that was paused meanwhile."""
    paused = Paused()

    class Leading(System):
        async def access(self, subject: DataSubject) -> AsyncIterator[Record | Unseen]:
            async for one in super().access(subject):
                yield one
            paused.names.add("bills")

    leading = Leading("crm", card("1", MAIL, PHONE), holds={Category.CONTACT})
    led = System("bills", call("2"), finds_by={IdentifierKind.PHONE})
    told = await asked(leading, led, pauses=paused)
    assert (told["bills"].silence, led.asked) == (Silence.PAUSED, [])


@pytest.mark.parametrize(
    ("error", "silence"),
    [
        (UnavailableError("away"), Silence.UNAVAILABLE),
        (MisconfiguredError("key"), Silence.MISCONFIGURED),
        (ZeroDivisionError(), Silence.FAULT),
    ],
)
async def test_the_trouble_of_one_is_no_other_ones(error: Exception, silence: Silence) -> None:
    told = await asked(System("bad", call("1"), error), System("good", call("1")))
    assert (told["bad"].silence, told["bad"].lines) == (silence, ())
    assert told["good"].count == 1


async def test_one_that_takes_too_long_says_so_and_gives_its_place_back() -> None:
    bounds = Bounds(seconds=0.05)
    told = await asked(System("slow", hangs=True), System("good", call("1")), bounds=bounds)
    assert told["slow"].silence is Silence.SLOW
    assert told["good"].count == 1


async def test_waiting_for_a_place_counts_as_time() -> None:
    system, bulkheads = System("crm", call("1")), Bulkheads(at_each=1, at_most=1)
    async with bulkheads.entered(frozenset({named("c", "crm")})):
        desk = Desk("c", "C", "nl", PACK, 28, frozenset(), connected(system))
        context = Context(
            None, Vault(KeyRing.of(b"k" * 32), b"i" * 32), lambda: NOW, {"c": desk},  # type: ignore[arg-type] # as above
            timedelta(days=7), timedelta(days=30),
        )  # fmt: skip
        [answer] = await survey(context, "c", [MAIL], bulkheads, bounds=Bounds(seconds=0.05))
    assert answer.silence is Silence.SLOW
    assert not system.asked, "it jumped the queue"
    bulkheads.close()
    assert (await asked(system, bulkheads=bulkheads))["crm"].silence is Silence.BUSY


async def test_counting_ends_somewhere() -> None:
    system = System("crm", *(call(str(n)) for n in range(9)))
    answer = (await asked(system, bounds=Bounds(most=5)))["crm"]
    assert (answer.count, answer.is_all) == (5, False)


async def test_nothing_is_told_anywhere_of_what_fits_more_than_one_person() -> None:
    told = await asked(System("one", AmbiguousSubjectError("two")), System("two", call("1")))
    assert told["one"].silence is Silence.AMBIGUOUS
    assert (told["two"].silence, told["two"].lines) == (Silence.HELD_BACK, ())


async def test_other_companies_are_not_asked() -> None:
    erases = {Category.PROCESSOR_DATA: ErasureWay.FORWARD}
    system = System("others", call("1"), erases=erases)
    assert (await asked(system))["others"].silence is Silence.PASSED_ON
    assert not system.asked


async def test_what_one_knows_leads_the_others_and_a_number_waits_for_its_days() -> None:
    own = Identifier(IdentifierKind.PHONE, PHONE.value, date(2024, 1, 1), date(2025, 1, 1))
    knows = System("knows", card("1", MAIL, own), holds={Category.CONTACT})
    looks = System("looks", call("1", whose=PHONE), finds_by={IdentifierKind.PHONE})
    told = await asked(knows, looks)
    assert looks.asked == [(MAIL, own)], "at once, or by a number without its days"
    assert told["looks"].set_aside == 1, "a call of 2026 by a number that was theirs until 2025"
    assert (await asked(looks))["looks"].silence is Silence.CANNOT_FIND


async def test_records_are_kept_of_the_wanted_system_and_category_only() -> None:
    systems = [System(n, card("1", MAIL), call("2"), holds={Category.CONTACT}) for n in "ab"]
    wanted = Revealed("a", frozenset({Category.CONTACT}))
    told = await asked(*systems, revealed=wanted)
    assert [one.item.category for one in told["a"].records] == [Category.CONTACT]
    assert not told["b"].records
    assert "Quist" not in repr(told)


async def test_what_was_not_looked_into_is_told() -> None:
    part = Unseen("Webshop", WhyUnseen.NO_INTERFACE)
    assert (await asked(System("crm", part)))["crm"].unseen == (part,)


@pytest.mark.parametrize(
    ("records", "years", "fates"),
    [
        ([], None, None),
        ([call("1", None)], (None, None), [Action.BY_HAND]),
        ([call("1", datetime(2019, 5, 1, tzinfo=UTC)), call("2")], (2019, 2026), [Action.RETAIN, Action.ERASE]),
        ([call("1", datetime(2025, 12, 31, 23, 30, tzinfo=UTC))], (2026, 2026), [Action.RETAIN]),  # in Dutch time
        ([call("1", datetime(2019, 5, 1))], (None, None), [Action.BY_HAND]),  # noqa: DTZ001 -- a moment without a zone
    ],
)  # fmt: skip
def test_years_and_fates(
    records: list[Record], years: tuple[int | None, int | None] | None, fates: list[Action] | None
) -> None:
    tally = Tally(PACK, NOW)
    for one in records:
        assert tally.add(one)
        assert not tally.add(one)
    lines = tally.lines()
    if years is None or fates is None:
        assert lines == ()
        return
    [line] = lines
    assert (line.oldest, line.newest) == years
    assert [fate.action for fate in line.fates] == fates


def test_the_last_day_is_told_only_where_all_of_it_has_one() -> None:
    tally = Tally(PACK, NOW)
    for n, at in enumerate((NOW, NOW - timedelta(days=30))):
        tally.add(call(str(n), at))
    [line] = tally.lines()
    [fate] = line.fates
    assert fate.count == 2
    assert fate.until is not None
    assert fate.until > (NOW + timedelta(days=150)).date()
    tally.add(card("9", MAIL))
    [running] = [line for line in tally.lines() if line.category is Category.CONTACT]
    assert running.fates == (
        Fate(Action.RETAIN, 1, GROUNDS[GroundCode.CONTRACT_RUNS], "general.contact", None),
    )
