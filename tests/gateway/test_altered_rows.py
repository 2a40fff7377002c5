"""Somebody writes the gateway's tables: nothing is done upstream that nobody approved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from avgate_contracts.vocabulary import Operation
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage, TaskCode

from .office import MAIL, PHONE, Office, opened

EVERYTHING_GOES = "UPDATE item SET action = 'erase' WHERE action = 'retain'"
ANOTHERS_WARRANT = (
    "UPDATE item SET warrant = (SELECT warrant FROM item WHERE action = 'erase' LIMIT 1),"
    " action = 'erase' WHERE action = 'retain'"
)
LONG_AGO = 1_000_000_000_000_000  # microseconds: 2001


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        yield made


async def altered(office: Office, *statements: str) -> None:
    async with office.db.write() as db:
        for statement in statements:
            await db.execute(sa.text(statement))


async def planned(office: Office, **of: int) -> str:
    for what, count in (of or {"card": 2, "call": 2}).items():
        office.make("crm", what.replace("_", " "), count)
    await office.submit(Operation.ERASE, "portal", (PHONE, MAIL), known=True)
    await office.sweep(None)
    [request_id] = office.ids
    assert (await office.see(request_id)).request.waiting_for is WaitingFor.APPROVAL
    return request_id


def held(office: Office) -> list[str]:
    """What crm still holds, by category."""
    return sorted(one.item.category.value for one in office.upstreams["crm"].holdings.values())


async def test_what_was_approved_goes_and_what_was_kept_stays(office: Office) -> None:
    request_id = await planned(office)
    await office.decide(request_id, "approve")
    await office.sweep(None)
    assert held(office) == ["communication_metadata"] * 2
    seen = await office.see(request_id)
    assert seen.request.state is State.CLOSED


@pytest.mark.parametrize(
    "statement",
    [
        EVERYTHING_GOES,
        "UPDATE item SET action = 'erase', term_starts = NULL WHERE action = 'retain'",
        ANOTHERS_WARRANT,
    ],
)
@pytest.mark.parametrize("when", ["before the approval", "after it"])
async def test_an_item_that_was_to_stay_is_not_sent(
    office: Office, statement: str, when: str
) -> None:
    request_id = await planned(office)
    if when == "before the approval":
        await altered(office, statement)
        await office.decide(request_id, "approve")
    else:
        await office.decide(request_id, "approve")
        sent = "UPDATE item SET state = 'approved' WHERE state = 'retained'"
        await altered(office, statement, sent)
    await office.sweep(None)
    assert held(office) == ["communication_metadata"] * 2
    seen = await office.see(request_id)
    withheld = [item for item in seen.items if item.state is ItemState.FAILED]
    assert {item.code for item in withheld} == {TaskCode.ALTERED.value}
    assert len(withheld) == 2
    assert all(seen.is_covered(item) for item in withheld)


@pytest.mark.parametrize("state", ["approved", "intended"])
async def test_nothing_is_sent_that_was_planned_and_not_approved(
    office: Office, state: str
) -> None:
    request_id = await planned(office)
    await altered(
        office,
        f"UPDATE item SET state = '{state}', batch = 'b'",  # noqa: S608 -- a literal of the test
        "UPDATE task SET stage = 'execute'",
        "UPDATE request SET approved_by = 'chief', approved_at = received_at,"
        " approved_digest = plan_digest, state = 'running', waiting_for = NULL, wake_at = 0",
    )
    await office.sweep(None)
    assert len(held(office)) == 4
    assert {item.code for item in (await office.see(request_id)).items} == {"altered"}


@pytest.mark.parametrize("operation", [Operation.ERASE, Operation.ACCESS])
async def test_nothing_is_done_for_somebody_whose_identity_nobody_verified(
    office: Office, operation: Operation
) -> None:
    office.make("crm", "card", 2)
    await office.submit(operation, "robot", (PHONE, MAIL), known=False)
    await altered(
        office,
        "UPDATE request SET identity_method = 'desk', identity_by = 'portal', identity_at = 1,"
        " state = 'received', waiting_for = NULL, wake_at = 0",
    )
    await office.sweep(None)
    seen = await office.see(office.ids[0])
    assert not seen.items
    assert not seen.has_copy
    assert {(task.stage, task.code) for task in seen.tasks.values()} == {
        (Stage.STUCK, TaskCode.ALTERED)
    }
    assert seen.request.waiting_for is WaitingFor.PERSON
    assert len(held(office)) == 2


async def test_an_identity_that_was_verified_later_counts(office: Office) -> None:
    office.make("crm", "card", 2)
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=False)
    await office.decide(office.ids[0], "verify")
    await office.sweep(None)
    assert held(office) == []


async def test_a_kept_item_does_not_fall_due_by_a_date_that_was_written_over(
    office: Office,
) -> None:
    request_id = await planned(office)
    await office.decide(request_id, "approve")
    await office.sweep(None)
    await altered(
        office,
        f"UPDATE item SET term_starts = {LONG_AGO}, look_at = 1 WHERE state = 'retained'",  # noqa: S608 -- as above
        "UPDATE request SET wake_at = 1",
    )
    await office.sweep(None)
    assert held(office) == ["communication_metadata"] * 2
    kept = [
        i for i in (await office.see(request_id)).items if i.category == "communication_metadata"
    ]
    assert {item.code for item in kept} == {"altered"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE request SET identity_by = 'somebody else'",
        "UPDATE request SET decisions_box = NULL",
    ],
)
async def test_what_falls_due_of_a_request_that_was_altered_waits_for_a_person(
    office: Office, statement: str
) -> None:
    request_id = await planned(office)
    await office.decide(request_id, "approve")
    await office.sweep(None)
    await altered(office, statement)
    office.now += timedelta(days=800)
    await office.sweep(None)
    seen = await office.see(request_id)
    assert held(office) == ["communication_metadata"] * 2
    looking = [(task.stage, task.code, task.resume) for task in seen.tasks.values() if task.code]
    assert looking == [(Stage.STUCK, TaskCode.ALTERED, Stage.DONE.value)]


async def test_a_kept_item_goes_by_itself_when_its_term_has_ended(office: Office) -> None:
    request_id = await planned(office)
    await office.decide(request_id, "approve")
    await office.sweep(None)
    for _ in range(4):
        office.now += timedelta(days=200)
        await office.sweep(None)
    assert held(office) == []
    assert {i.state for i in (await office.see(request_id)).items} <= {
        ItemState.ERASED, ItemState.ANONYMISED, ItemState.ALREADY_GONE,
    }  # fmt: skip


async def test_decisions_of_another_request_do_not_count(office: Office) -> None:
    first = await planned(office, card=1)
    await office.decide(first, "approve")
    await office.sweep(None)
    office.make("crm", "card", 2)
    await office.submit(Operation.ERASE, "robot", (PHONE, MAIL), known=False)
    await altered(
        office,
        "UPDATE request SET wake_at = 0, state = 'received', waiting_for = NULL,"
        " identity_method = 'desk', identity_by = 'portal', identity_at = received_at,"
        " decisions_box = (SELECT decisions_box FROM request WHERE decisions_box IS NOT NULL)"
        " WHERE decisions_box IS NULL",
    )
    await office.sweep(None)
    assert held(office) == ["contacts"] * 2
    tasks = (await office.see(office.ids[1])).tasks.values()
    assert {task.code for task in tasks} == {TaskCode.ALTERED}
