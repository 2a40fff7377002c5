"""On which days a number that was given is looked by, and when it is not looked by at all."""

from __future__ import annotations

from datetime import date

import pytest

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.flow.narrowing import Word, may_lead, narrowed

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL
JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))
Days = tuple[date | None, date | None]


def number(days: Days, value: str = "+31612345678") -> Identifier:
    return Identifier.of(PHONE, value, *days)


@pytest.mark.parametrize(
    ("given", "periods", "left"),
    [
        ((None, None), [(FEB, None)], [(FEB, None)]),
        ((None, None), [(None, FEB)], [(None, FEB)]),
        ((JAN, None), [(FEB, None)], [(FEB, None)]),
        ((MAR, None), [(FEB, None)], [(FEB, None)]),
        ((JAN, MAR), [(FEB, APR)], [(FEB, APR)]),
        ((FEB, MAR), [(None, None)], [(None, None)]),
        ((None, None), [(None, JAN), (FEB, MAR)], [(None, JAN), (FEB, MAR)]),  # had it twice
        ((JAN, MAR), [(JAN, FEB), (FEB, APR)], [(JAN, FEB), (FEB, APR)]),
        ((None, FEB), [(FEB, None)], []),  # the last day is not theirs any more
        ((FEB, None), [(None, FEB)], []),
        ((None, None), [(FEB, None), (FEB, None)], [(FEB, None)]),
        ((None, None), [], []),
    ],
)
def test_what_was_given_leads_on_all_the_days_that_the_contract_says(
    given: Days, periods: list[Days], left: list[Days]
) -> None:
    told = [number(days) for days in periods]
    assert narrowed(number(given), told) == tuple(number(days) for days in left)


def test_the_days_of_another_number_are_no_days_of_this_one() -> None:
    assert narrowed(number((None, None)), [number((FEB, None), "+31687654321")]) == ()


@pytest.mark.parametrize(
    ("days", "word", "operation", "is_all_there_is", "leads"),
    [
        ((None, None), Word.GIVEN, Operation.ERASE, False, True),
        ((None, None), Word.OUTSTANDING, Operation.ACCESS, False, False),
        ((None, None), Word.OUTSTANDING, Operation.ACCESS, True, False),
        ((JAN, None), Word.OUTSTANDING, Operation.ACCESS, False, True),  # looked by again later
        ((JAN, None), Word.OUTSTANDING, Operation.EXPORT, False, True),
        ((JAN, None), Word.OUTSTANDING, Operation.ERASE, True, False),
        ((None, FEB), Word.OUTSTANDING, Operation.RECTIFY, True, False),
        ((None, None), Word.NOBODYS, Operation.ACCESS, False, False),
        ((None, None), Word.NOBODYS, Operation.ACCESS, True, True),
        ((None, FEB), Word.NOBODYS, Operation.ERASE, False, True),
    ],
)
def test_a_number_leads_nowhere_before_somebody_says_on_which_days_it_was_theirs(
    days: Days, word: Word, operation: Operation, is_all_there_is: bool, leads: bool
) -> None:
    told = may_lead(number(days), word, operation, is_all_there_is=is_all_there_is)
    assert told is leads


def test_what_is_not_handed_on_needs_no_days() -> None:
    mail = Identifier.of(EMAIL, "jan@example.nl")
    assert may_lead(mail, Word.OUTSTANDING, Operation.ERASE, is_all_there_is=False)
