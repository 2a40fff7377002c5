"""How often a connector is tried again, and when a person is told."""

from __future__ import annotations

import pytest

from avgate_contracts.errors import (
    AmbiguousSubjectError,
    ConnectorError,
    ContractBrokenError,
    InvalidIdentifierError,
    MisconfiguredError,
    RefusedError,
    UnavailableError,
)
from avgate_gateway.flow.trouble import trouble_of
from avgate_gateway.store.tasks import TaskCode

DAY = 86_400.0
DOWN = UnavailableError("not now")


def told_after(*errors: Exception) -> int | None:
    """After how many of these tries in a row a person is told; None if not yet."""
    before = None
    for attempts, error in enumerate(errors, 1):
        trouble = trouble_of(error)
        if trouble.delay(attempts, is_another=before not in {None, trouble.code}) is None:
            return attempts
        before = trouble.code
    return None


@pytest.mark.parametrize("asked", [DAY + 1, 365 * DAY, 1e9])
def test_no_upstream_is_waited_for_longer_than_a_day(asked: float) -> None:
    assert trouble_of(UnavailableError("not now", after=asked)).delay(1) == DAY


@pytest.mark.parametrize("asked", [30.0, 3_600.0])
def test_an_upstream_is_waited_for_as_long_as_it_asks(asked: float) -> None:
    assert trouble_of(UnavailableError("not now", after=asked)).delay(1) == asked


def test_the_longer_it_is_down_the_longer_it_is_left_alone() -> None:
    delays = [trouble_of(DOWN).delay(attempts) or 0.0 for attempts in range(1, 12)]
    assert delays == sorted(delays)
    assert delays[0] == 1
    assert 12 * 3600 <= sum(delays) <= 2 * DAY


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (DOWN, 12),
        (RefusedError("no", status=403), 1),
        (AmbiguousSubjectError("two fit"), 1),
        (MisconfiguredError("a key"), 4),
        (ContractBrokenError("a page"), 4),
        (ValueError("a bug"), 3),
    ],
)
def test_each_kind_of_trouble_is_tried_as_often_as_it_may_pass(
    error: Exception, tries: int
) -> None:
    assert told_after(*[error] * 20) == tries


def test_one_odd_answer_among_others_is_not_yet_a_broken_contract() -> None:
    odd = ContractBrokenError("a page")
    assert told_after(odd, DOWN, DOWN, odd, DOWN) is None
    assert told_after(odd, DOWN, DOWN, odd, odd) == 5


def test_troubles_that_take_turns_are_told_in_the_end() -> None:
    turns: list[ConnectorError] = [DOWN, ContractBrokenError("a page")]
    assert told_after(*turns * 10) == 12


def test_a_refusal_is_told_at_once_whatever_came_before() -> None:
    assert told_after(DOWN, DOWN, RefusedError("no", status=403)) == 3


def test_the_words_of_a_fault_that_is_nobodys_are_not_shown() -> None:
    assert "Jansen" not in trouble_of(ValueError("Jansen")).reason


def test_an_id_that_no_call_can_hold_is_told_at_once_and_in_words() -> None:
    error = InvalidIdentifierError("an id in a path is 1 to 256 letters")
    assert told_after(error) == 1
    trouble = trouble_of(error)
    assert (trouble.code, trouble.reason) == (TaskCode.CONTRACT_BROKEN, str(error))
