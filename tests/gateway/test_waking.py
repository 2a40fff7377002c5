"""When a request is looked at next, by what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.flow.waking import wake_at
from avgate_gateway.request import IdentityCheck, Scope, State, SubjectRequest, WaitingFor
from avgate_gateway.store.tasks import Stage, Task

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR, MINUTE, SECOND = (
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
OPEN = SubjectRequest(
    id="r", controller="c", client_id="portal", operation=Operation.ERASE, state=State.WAITING,
    waiting_for=WaitingFor.UPSTREAM, received_at=NOW, promised=date(2026, 3, 30),
    legal=date(2026, 4, 2), reference="x", identifier_kinds=("phone",), language="nl",
    scope=Scope(), version=1, identity=IdentityCheck("desk", "portal", NOW),
    plan_valid_until=NOW + 7 * DAY,
)  # fmt: skip
APPROVAL = replace(OPEN, waiting_for=WaitingFor.APPROVAL)
PERSON = replace(OPEN, waiting_for=WaitingFor.PERSON)
CLOSED = replace(OPEN, state=State.CLOSED, waiting_for=None, closed_at=NOW)
WITHDRAWN = replace(CLOSED, closing="cancelled")


def task(stage: Stage, after: timedelta | None = None, name: str = "crm") -> Task:
    return Task("r", name, stage, 0, NOW, next_attempt_at=None if after is None else NOW + after)


def wake(
    request: SubjectRequest,
    tasks: Sequence[Task],
    looks: Mapping[str, timedelta],
    keys_for: timedelta | None = None,
) -> timedelta | None:
    moments = {name: NOW + after for name, after in looks.items()}
    keys_until = None if keys_for is None else NOW + keys_for
    found = wake_at(request, tasks, moments, NOW, keys_until)
    return None if found is None else found - NOW


@pytest.mark.parametrize(
    ("request_", "after"),
    [
        (replace(OPEN, waiting_for=WaitingFor.IDENTITY, identity=None), None),
        (replace(OPEN, state=State.RECEIVED, waiting_for=None), timedelta(0)),
        (replace(OPEN, state=State.RUNNING, waiting_for=None), timedelta(0)),
        (APPROVAL, 7 * DAY),
        (PERSON, 5 * MINUTE),
        (OPEN, 5 * MINUTE),
        (CLOSED, 30 * DAY),
        (WITHDRAWN, 30 * DAY),
    ],
)
def test_a_request_of_which_nothing_is_due_sleeps_as_long_as_its_state_lets_it(
    request_: SubjectRequest, after: timedelta | None
) -> None:
    stuck = [task(Stage.STUCK, HOUR), task(Stage.LOCATED, name="orders"), task(Stage.DONE)]
    assert wake(request_, stuck, {}, keys_for=30 * DAY) == after


@pytest.mark.parametrize("request_", [OPEN, APPROVAL, replace(PERSON, waiting_for=None), CLOSED])
@pytest.mark.parametrize("stage", [s for s in Stage if s.is_active])
def test_nothing_that_a_program_has_to_do_waits_for_anything_but_its_own_time(
    request_: SubjectRequest, stage: Stage
) -> None:
    after = wake(request_, [task(stage, MINUTE), task(Stage.EXECUTE, HOUR, "orders")], {}, DAY)
    assert after == (MINUTE if request_.waiting_for or request_ is CLOSED else timedelta(0))


@pytest.mark.parametrize(
    ("tasks", "after"),
    [
        ([task(Stage.EXECUTE), task(Stage.CONFIRM, HOUR, "orders")], SECOND),
        ([task(Stage.VERIFY), task(Stage.LOCATE, HOUR, "orders")], SECOND),
        ([task(Stage.LOCATE)], SECOND),
        ([task(Stage.LOCATE), task(Stage.CONFIRM, HOUR, "orders")], SECOND),
        ([task(Stage.LOCATE), task(Stage.LOCATE, 5 * SECOND, "orders")], 5 * SECOND),
        ([task(Stage.LOCATE), task(Stage.LOCATE, HOUR, "orders")], MINUTE),
        ([task(Stage.EXECUTE, -HOUR)], SECOND),
    ],
)
@pytest.mark.parametrize("request_", [OPEN, CLOSED])
def test_what_could_not_be_done_just_now_is_tried_soon_but_not_every_instant(
    request_: SubjectRequest, tasks: Sequence[Task], after: timedelta
) -> None:
    assert wake(request_, tasks, {}, 30 * DAY) == after


@pytest.mark.parametrize(
    ("tasks", "looks", "after"),
    [
        ([task(Stage.DONE)], {"crm": HOUR}, HOUR),
        ([task(Stage.DONE)], {"crm": -HOUR}, SECOND),
        ([task(Stage.DONE, DAY)], {"crm": HOUR}, DAY),
        ([task(Stage.DONE, HOUR)], {"crm": DAY}, DAY),
        ([task(Stage.DONE, HOUR)], {}, 30 * DAY),
        ([task(Stage.STUCK)], {"crm": -HOUR}, 30 * DAY),
        (
            [task(Stage.DONE), task(Stage.DONE, name="orders")],
            {"crm": 2 * HOUR, "orders": HOUR},
            HOUR,
        ),
    ],
)
def test_items_are_looked_at_on_their_day_once_their_connector_is_through(
    tasks: Sequence[Task], looks: Mapping[str, timedelta], after: timedelta
) -> None:
    assert wake(CLOSED, tasks, looks, 30 * DAY) == after
    assert wake(APPROVAL, tasks, looks) == min(after, 7 * DAY)
    assert wake(PERSON, tasks, looks) == min(after, 5 * MINUTE)


def test_what_was_withdrawn_is_woken_for_its_key_alone() -> None:
    assert wake(WITHDRAWN, [task(Stage.EXECUTE)], {"crm": HOUR}, 30 * DAY) == 30 * DAY
    assert wake(WITHDRAWN, [task(Stage.EXECUTE)], {"crm": HOUR}) is None


def test_a_closed_request_with_nothing_left_is_never_woken_again() -> None:
    assert wake(CLOSED, [task(Stage.DONE), task(Stage.STUCK, name="orders")], {}) is None
    assert wake(CLOSED, [task(Stage.DONE)], {"crm": 2000 * DAY}) == 2000 * DAY
