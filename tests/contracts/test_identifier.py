"""Whose an identifier is, on which days, and that it never shows its value."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts import Identifier, IdentifierKind, InvalidIdentifierError

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL
DAY = date(2026, 1, 1)
days = st.none() | st.integers(0, 12).map(lambda n: DAY + timedelta(days=n))


def test_a_value_shows_neither_in_the_repr_nor_in_the_text() -> None:
    made = Identifier.of(EMAIL, "jan@example.nl")
    assert "jan" not in repr(made)
    assert "jan" not in str(made)


def test_a_day_belongs_to_one_of_two_holders_in_a_row() -> None:
    changed = date(2026, 3, 1)
    first = Identifier.of(PHONE, "0612345678", valid_until=changed)
    second = Identifier.of(PHONE, "+31612345678", valid_from=changed)
    assert not first.covers(changed)
    assert second.covers(changed)
    assert not first.overlaps(second)
    assert not first.matches(second)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(InvalidIdentifierError, match="later"):
        Identifier.of(PHONE, "0612345678", DAY, DAY)


@given(days, days, days, days)
def test_two_windows_overlap_if_there_is_a_day_in_both(
    a: date | None, b: date | None, c: date | None, d: date | None
) -> None:
    one, other = Identifier(PHONE, "x", a, b), Identifier(PHONE, "x", c, d)
    if any(i.valid_from and i.valid_until and i.valid_until <= i.valid_from for i in (one, other)):
        return
    span = [DAY + timedelta(days=n) for n in range(-2, 16)]
    assert one.overlaps(other) == any(one.covers(day) and other.covers(day) for day in span)
    assert one.overlaps(other) == other.overlaps(one)


def test_the_same_value_of_another_kind_does_not_match() -> None:
    number = Identifier(IdentifierKind.XELION_ID, "42")
    assert not number.matches(Identifier(IdentifierKind.CUSTOMER_ID, "42"))
    assert not number.matches(Identifier(IdentifierKind.XELION_ID, "43"))
    assert number.matches(Identifier(IdentifierKind.XELION_ID, "42", DAY))
