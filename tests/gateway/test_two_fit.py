"""Where one system says that two people fit, what was approved elsewhere stops too, begun or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow.context import sealed_decisions
from avgate_gateway.flow.running import with_work
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store import evidence, items, tasks
from avgate_gateway.store.item import Item, ItemState
from avgate_gateway.store.tasks import Stage, Task, TaskCode
from avgate_gateway.store.untroubled import untroubled
from avgate_gateway.warrant import Decisions

from .invariants import check_items, check_report, check_tasks, check_truth, check_wake_up
from .office import MAIL, PHONE, Office, opened
from .seen import Seen

COOLING_OFF = timedelta(hours=2)
LATE = 5  # tries of a system for which the others do not wait with their plan


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def see(office: Office) -> Seen:
    seen = await office.see(office.ids[0])
    check_wake_up(seen, office.now)
    check_items(seen)
    check_tasks(seen)
    check_report(seen)
    check_truth(office, seen)
    await office.check_upstreams()
    return seen


async def next_time(office: Office, times: int = 1) -> None:
    for _ in range(times):
        wake = (await office.see(office.ids[0])).request.wake_at
        assert wake is not None
        office.now = max(office.now, wake)
        await office.sweep(None)


async def onward(office: Office) -> Seen:
    """Until no program has the next step."""
    for _ in range(9):
        seen = await see(office)
        if not any(task.stage.is_active for task in seen.tasks.values()):
            return seen
        await next_time(office)
    return pytest.fail("it goes on and on")


async def until_ambiguous(office: Office) -> Seen:
    for _ in range(30):
        if (await office.see(office.ids[0])).tasks["orders"].code is TaskCode.AMBIGUOUS:
            return await see(office)
        await next_time(office)
    return pytest.fail("nobody said that two people fit")


async def submitted(office: Office, what: str = "card", count: int = 2, *papers: str) -> None:
    """A request whose plan is made without the orders; they will say that two people fit."""
    office.make("crm", what, count)
    office.make("orders", "card", 1)
    for paper in papers:
        office.make("paper", paper, 1)
    office.upstreams["orders"].troubles.extend(["down"] * LATE + ["ambiguous"])
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    while (await office.see(office.ids[0])).request.waiting_for is not WaitingFor.APPROVAL:
        await next_time(office)


async def decide(office: Office, *decisions: str) -> None:
    for decision in decisions:
        await office.decide(office.ids[0], decision)
        await office.sweep(None)


async def begun(office: Office, *papers: str, count: int = 2) -> Seen:
    """As above; what was approved is intended at the crm, which is down by then."""
    await submitted(office, "card", count, *papers)
    office.upstreams["crm"].moods.extend(["down"] * 30)
    await decide(office, "approve")
    return await until_ambiguous(office)


def held(office: Office, name: str = "crm") -> int:
    return len(office.upstreams[name].of_subject())


def states(seen: Seen, name: str = "crm") -> list[ItemState]:
    return [item.state for item in seen.items if item.connector == name]


def waits(task: Task) -> tuple[Stage, TaskCode | None, str | None]:
    return task.stage, task.code, task.resume


FORGOTTEN = (Stage.STUCK, TaskCode.HELD_BACK, "locate")
HALF_WAY = (Stage.STUCK, TaskCode.HELD_BACK, "execute")


async def approvals(office: Office) -> frozenset[str]:
    """The plans that are approved by what was sealed."""
    told: list[Decisions] = []

    def kept(decided: Decisions) -> Decisions:
        told.append(decided)
        return decided

    async with office.db.read() as db:
        await sealed_decisions(db, office.context, office.ids[0], kept)
    return told[0].approved


async def events(office: Office) -> list[tuple[str, dict[str, object]]]:
    async with office.db.read() as db:
        entries = await evidence.of_request(db, office.ids[0])
    return [(entry.event, json.loads(entry.details)) for entry in entries]


async def test_what_cools_off_is_forgotten_and_its_approval_taken_back(office: Office) -> None:
    office.cooling_off = COOLING_OFF
    await submitted(office)
    digest = (await see(office)).request.plan_digest
    await decide(office, "approve")
    assert await approvals(office) == {digest}
    seen = await until_ambiguous(office)
    assert waits(seen.tasks["crm"]) == FORGOTTEN
    assert states(seen) == []
    request = seen.request
    assert (request.approval, request.plan_digest, request.plan_valid_until) == (None, None, None)
    assert seen.sealed.plan is None
    assert await approvals(office) == frozenset()
    assert ("approval.withdrawn", {"digest": digest}) in await events(office)
    assert [task.code for task in seen.open_hand] == ["ambiguous"]
    office.now += 10 * COOLING_OFF
    await office.sweep(None)
    assert held(office) == 2


async def test_what_was_forgotten_is_planned_and_approved_anew(office: Office) -> None:
    office.cooling_off = COOLING_OFF
    await submitted(office)
    digest = (await see(office)).request.plan_digest
    await decide(office, "approve")
    await until_ambiguous(office)
    office.upstreams["orders"].holdings.clear()
    await decide(office, "retry all")
    seen = await see(office)
    assert seen.request.plan_digest == digest, "the same items make the same plan"
    assert seen.request.waiting_for is WaitingFor.APPROVAL
    office.now += 10 * COOLING_OFF / 2
    await office.sweep(None)
    assert held(office) == 2
    await decide(office, "approve")
    office.now += COOLING_OFF
    await office.sweep(None)
    assert held(office) == 0
    assert (await see(office)).request.state is State.CLOSED


async def test_whoever_learns_of_it_may_withdraw_the_request(office: Office) -> None:
    office.cooling_off = COOLING_OFF
    await submitted(office)
    await decide(office, "approve")
    await until_ambiguous(office)
    office.now += 2 * COOLING_OFF
    await decide(office, "cancel")
    seen = await see(office)
    assert (seen.request.closing, held(office)) == ("cancelled", 2)


async def test_done_by_hand_where_nothing_was_begun_it_is_closed(office: Office) -> None:
    office.cooling_off = COOLING_OFF
    await submitted(office)
    await decide(office, "approve")
    await until_ambiguous(office)
    await office.complete(office.ids[0], 0, honest=False)
    office.now += 2 * COOLING_OFF
    await office.sweep(None)
    assert (await see(office)).request.closing == "ambiguous"
    assert held(office) == 2


async def test_what_is_intended_stays_and_nothing_more_is_sent(office: Office) -> None:
    seen = await begun(office)
    asked = len(office.upstreams["crm"].moods)
    assert waits(seen.tasks["crm"]) == HALF_WAY
    assert states(seen) == [ItemState.INTENDED] * 2
    assert seen.request.approval is not None
    assert seen.request.waiting_for is WaitingFor.PERSON
    for days in (1, 1, 30):
        office.now += timedelta(days=days)
        await office.sweep(None)
    assert len(office.upstreams["crm"].moods) == asked
    assert held(office) == 2
    await decide(office, "cancel")
    assert (await see(office)).request.closing is None


async def test_it_says_that_it_waits(office: Office) -> None:
    seen = await begun(office)
    [line] = [one for one in seen.report.lines if one.connector == "crm" and not one.category]
    assert (line.ending.outcome, line.ending.reason) == (OutcomeWord.BY_HAND, "held_back")
    assert line.ending.detail == (
        "elders past wat is opgegeven bij meer dan één persoon; hier gebeurt niets meer tot iemand "
        "heeft gezegd wie het is"
    )


async def test_it_goes_on_under_its_key_once_a_person_saw_to_the_other(office: Office) -> None:
    seen = await begun(office)
    [key] = {item.batch for item in seen.items if item.connector == "crm"}
    office.upstreams["crm"].calm()
    await office.complete(office.ids[0], 0, honest=True)
    await office.sweep(None)
    seen = await onward(office)
    assert seen.request.state is State.CLOSED
    assert set(office.upstreams["crm"].effects.values()) == {key}
    assert states(seen) == [ItemState.ERASED] * 2


async def test_what_is_half_way_is_looked_at_before_it_goes_on(office: Office) -> None:
    seen = await begun(office, count=120)  # a batch was sent, and another was not
    crm = office.upstreams["crm"]
    crm.calm()
    crm.drop([office.ref(next(i for i in seen.items if i.state is ItemState.APPROVED))])
    await office.complete(office.ids[0], 0, honest=True)
    await office.sweep(None)
    found = states(await onward(office))
    assert (found.count(ItemState.ERASED), found.count(ItemState.ALREADY_GONE)) == (119, 1)
    assert sorted(map(len, crm.bodies.values())) == [19, 100]


@pytest.mark.parametrize("which", ["retry all", "retry crm"])
async def test_trying_again_does_not_set_it_going(office: Office, which: str) -> None:
    await begun(office)
    office.upstreams["crm"].calm()
    office.upstreams["orders"].troubles.extend(["down"] * 40)
    await decide(office, which)
    for _ in range(3):
        await next_time(office)
        assert waits((await see(office)).tasks["crm"]) == HALF_WAY
    await decide(office, "retry crm")
    assert held(office) == 2


async def test_it_waits_until_the_other_has_looked_however_long_that_is_down(
    office: Office,
) -> None:
    await begun(office)
    office.upstreams["crm"].calm()
    office.upstreams["orders"].troubles.extend(["down"] * 12)
    await decide(office, "retry all")
    while (seen := await see(office)).tasks["orders"].stage is Stage.LOCATE:
        assert waits(seen.tasks["crm"]) == HALF_WAY
        await next_time(office)
    assert waits(seen.tasks["orders"])[1] is TaskCode.UNAVAILABLE
    assert waits(seen.tasks["crm"]) == HALF_WAY
    await decide(office, "retry all")
    await onward(office)
    assert held(office) == 0


async def asked_again_in_vain(office: Office, operation: Operation) -> Seen:
    """The orders said that two people fit, are asked again, and are down until a person is told."""
    office.make("crm", "card", 2)
    office.make("orders", "card", 1)
    orders = office.upstreams["orders"]
    orders.troubles.append("ambiguous")
    for name, upstream in office.upstreams.items():
        upstream.approved.update(office.refs[name])
    await office.submit(operation, "robot", (PHONE, MAIL), known=True)
    await office.sweep(None)
    assert waits((await see(office)).tasks["crm"]) == FORGOTTEN
    orders.troubles.extend(["down"] * 12)
    await decide(office, "retry orders")
    while (seen := await see(office)).tasks["orders"].stage is Stage.LOCATE:
        assert waits(seen.tasks["crm"]) == FORGOTTEN
        await next_time(office)
    assert waits(seen.tasks["orders"])[1] is TaskCode.UNAVAILABLE
    return seen


@pytest.mark.parametrize("operation", [Operation.ERASE, Operation.ACCESS])
async def test_what_a_system_said_stands_until_it_has_looked_again(
    office: Office, operation: Operation
) -> None:
    seen = await asked_again_in_vain(office, operation)
    assert waits(seen.tasks["crm"]) == FORGOTTEN, "planned, shown or erased"
    assert (seen.tasks["crm"].tally, held(office)) == ({}, 2)
    await decide(office, "retry all")
    await onward(office)
    assert (await see(office)).request.state is State.CLOSED
    assert held(office) == (0 if operation is Operation.ERASE else 2)


async def test_whoever_sees_to_it_by_hand_does_not_say_whose_the_rest_is(office: Office) -> None:
    await asked_again_in_vain(office, Operation.ERASE)
    await office.complete(office.ids[0], 0, honest=True)
    await office.sweep(None)
    assert ((await see(office)).request.closing, held(office)) == ("ambiguous", 2)


async def test_what_got_stuck_at_work_is_kept_from_it_too(office: Office) -> None:
    await begun(office)
    async with office.db.write() as db:
        await tasks.change(db, office.ids[0], "crm", office.now, code=TaskCode.UNAVAILABLE)
    office.seen.clear()
    office.upstreams["crm"].calm()
    office.upstreams["orders"].troubles.append("down")
    await decide(office, "retry all")
    assert waits((await see(office)).tasks["crm"]) == HALF_WAY
    await next_time(office)
    await onward(office)
    assert held(office) == 0


async def test_nothing_is_tried_again_before_all_are_held(office: Office) -> None:
    await begun(office)
    async with office.db.write() as db:
        await tasks.move(db, office.ids[0], "crm", Stage.EXECUTE, office.now)
    office.seen.clear()
    await office.decide(office.ids[0], "retry all")
    seen = await office.see(office.ids[0])
    assert seen.tasks["orders"].code is TaskCode.AMBIGUOUS


async def test_an_approval_of_which_another_part_was_begun_stays(office: Office) -> None:
    seen = await begun(office, "by hand")
    digest = seen.request.approval.plan_digest if seen.request.approval else None
    assert waits(seen.tasks["paper"]) == FORGOTTEN
    assert states(seen, "paper") == []
    assert [task.connector for task in seen.open_hand] == ["orders"]
    assert digest is not None
    assert await approvals(office) == {digest}
    office.upstreams["crm"].calm()
    office.upstreams["orders"].holdings.clear()
    await decide(office, "retry all")
    seen = await onward(office)
    assert held(office) == 0, "what was begun went on"
    assert seen.request.waiting_for is WaitingFor.APPROVAL
    assert seen.request.plan_digest != digest
    await decide(office, "approve")
    assert [task.connector for task in (await see(office)).open_hand] == ["paper"]


async def test_the_approval_before_stands_where_only_the_later_plan_is_forgotten(
    office: Office,
) -> None:
    office.make("paper", "by hand", 1)
    office.upstreams["paper"].troubles.extend(["down"] * LATE)
    office.upstreams["orders"].troubles.append("down")  # later still
    await submitted(office)
    office.upstreams["crm"].moods.extend(["down"] * 30)
    await decide(office, "approve")
    first = (await see(office)).request.approval
    while (await see(office)).request.waiting_for is not WaitingFor.APPROVAL:
        await next_time(office)
    await decide(office, "approve")
    second = (await see(office)).request.approval
    assert first is not None
    assert second is not None
    assert first.plan_digest != second.plan_digest
    seen = await until_ambiguous(office)
    assert waits(seen.tasks["paper"]) == FORGOTTEN
    assert seen.request.approval == first
    assert seen.request.plan_digest is None
    assert await approvals(office) == {first.plan_digest}
    office.upstreams["orders"].holdings.clear()
    office.upstreams["crm"].calm()
    await decide(office, "retry all")
    seen = await onward(office)
    assert seen.request.waiting_for is WaitingFor.APPROVAL
    assert seen.request.plan_digest == second.plan_digest, "it is the same plan again"


async def test_a_long_one_stops_at_its_next_batch(office: Office) -> None:
    await submitted(office, "card", 250)
    orders, crm = office.upstreams["orders"], office.upstreams["crm"]
    await decide_when_due(office)

    said = asyncio.Event()

    async def say() -> None:
        said.set()

    orders.meanwhile.append(say)
    crm.meanwhile.append(said.wait)
    await office.sweep(None)
    assert not orders.troubles
    seen = await see(office)
    assert (held(office), waits(seen.tasks["crm"])) == (150, HALF_WAY)
    assert seen.tasks["crm"].attempts == 0
    assert states(seen).count(ItemState.APPROVED) == 150


async def decide_when_due(office: Office) -> None:
    """Approves at the moment at which the orders are looked at."""
    seen = await office.see(office.ids[0])
    then = seen.tasks["orders"].next_attempt_at
    assert then is not None
    office.now = then
    await office.decide(office.ids[0], "approve")


async def test_what_was_sent_once_was_begun_though_it_is_to_be_sent_again(office: Office) -> None:
    office.cooling_off = COOLING_OFF
    await submitted(office)
    await decide(office, "approve")
    ids = [item.id for item in (await office.see(office.ids[0])).items]
    async with office.db.write() as db:
        await items.change(db, ids[:1], batch="sent")
    office.seen.clear()
    await decide(office, "cancel")
    seen = await until_ambiguous(office)
    assert seen.request.closing is None
    assert waits(seen.tasks["crm"]) == HALF_WAY


async def test_of_a_closed_request_nothing_is_forgotten(office: Office) -> None:
    for name in ("crm", "orders"):
        office.make(name, "call", 1)
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=True)
    for name, upstream in office.upstreams.items():
        upstream.approved.update(office.refs[name])
    await office.sweep(None)
    seen = await see(office)
    assert seen.request.state is State.CLOSED
    crm, orders = office.upstreams["crm"], office.upstreams["orders"]
    while not _falls_due(seen.items):
        await next_time(office)
        seen = await see(office)
        crm.moods[:] = ["down"] * 30
        orders.troubles[:] = ["ambiguous"]
    assert waits(seen.tasks["orders"])[:2] == (Stage.STUCK, TaskCode.AMBIGUOUS)
    assert waits(seen.tasks["crm"]) == HALF_WAY
    for upstream in (crm, orders):
        upstream.calm()
    await office.complete(office.ids[0], 0, honest=True)
    await office.sweep(None)
    assert states(await onward(office)) == [ItemState.ERASED]
    assert held(office) == 0


def _falls_due(found: list[Item]) -> bool:
    return any(item.connector == "crm" and item.state is not ItemState.RETAINED for item in found)


async def test_what_is_about_to_be_held_is_not_due(office: Office) -> None:
    seen = await begun(office)
    crm = replace(seen.tasks["crm"], stage=Stage.EXECUTE, code=None)
    assert with_work([crm], {}, office.now) == [crm]
    assert with_work([crm, seen.tasks["orders"]], {}, office.now) == []


async def test_nobody_is_asked_to_work_at_what_is_half_way(office: Office) -> None:
    await submitted(office, "card", 120)
    office.upstreams["crm"].moods.extend(["the first only", *["down"] * 30])
    await decide(office, "approve")
    seen = await until_ambiguous(office)
    assert ItemState.FAILED in states(seen)
    assert [task.connector for task in seen.open_hand] == ["orders"]


async def test_an_answer_that_comes_late_does_not_set_free_what_is_held(office: Office) -> None:
    await begun(office)
    async with office.db.write() as db:
        await untroubled(db, office.ids[0], "crm", office.now)
    office.seen.clear()
    assert waits((await see(office)).tasks["crm"]) == HALF_WAY
