from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts import Identifier, IdentifierKind, InvalidIdentifierError, canonical

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL
DAY = date(2026, 1, 1)
days = st.none() | st.integers(0, 12).map(lambda n: DAY + timedelta(days=n))


@pytest.mark.parametrize(
    "spelling",
    [
        "+31612345678",
        "0612345678",
        "0031612345678",
        "06 1234 5678",
        "06-12345678",
        " +31 6 12 34 56 78 ",
        "+31 (0)6 12345678",
        "(06) 12345678",
        "06.12.34.56.78",
    ],
)
def test_every_spelling_of_a_number_has_one_form(spelling: str) -> None:
    assert canonical(PHONE, spelling) == "+31612345678"


@pytest.mark.parametrize("number", ["+318001234", "+31900123456", "+31880001234", "+4930123456"])
def test_service_numbers_and_other_countries_have_lengths_of_their_own(number: str) -> None:
    assert canonical(PHONE, number) == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "٠٦١٢٣٤٥٦٧٨",
        "０６１２３４５６７８",  # noqa: RUF001 -- so are full-width ones
        "+31612345678\n+31687654321",
        "+31612345678\x00",
        "+3161234567890123",
        "0612",
        "+3161234567",
        "020 123456",
        "06123456ab",
        "tel:+31612345678",
        "+31612345678;ext=1",
        "06*",
        "06%",
        "++31612345678",
        "\u202e+31612345678",
        "1" * 400,
    ],
)
def test_what_is_no_number_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(InvalidIdentifierError) as caught:
        canonical(PHONE, value)
    assert not value.strip() or value not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.from_regex(r"6[1-9][0-9]{7}", fullmatch=True))
def test_national_international_and_dialled_are_one_number(rest: str) -> None:
    forms = {canonical(PHONE, prefix + rest) for prefix in ("0", "+31", "0031", "+31 ")}
    assert forms == {f"+31{rest}"}


@given(st.sampled_from(IdentifierKind), st.text(max_size=40))
def test_a_canonical_form_is_its_own_canonical_form(kind: IdentifierKind, value: str) -> None:
    try:
        once = canonical(kind, value)
    except InvalidIdentifierError:
        return
    assert canonical(kind, once) == once


@pytest.mark.parametrize(
    ("kind", "given_as", "kept_as"),
    [
        (EMAIL, " Jan.Jansen@Voorbeeld.NL ", "jan.jansen@voorbeeld.nl"),
        (EMAIL, "cafe\u0301@example.nl", "caf\u00e9@example.nl"),
        (IdentifierKind.CUSTOMER_ID, "K-10.2_a", "K-10.2_a"),
        (IdentifierKind.XELION_ID, "42", "42"),
        (IdentifierKind.ICCID, "8931440400000000001", "8931440400000000001"),
        (IdentifierKind.IMSI, "204040000000001", "204040000000001"),
        (IdentifierKind.IP, "2001:DB8:0:0::1", "2001:db8::1"),
        (IdentifierKind.IP, "192.0.2.1", "192.0.2.1"),
        (IdentifierKind.NAME_ADDRESS, "Jan  Jansen, Dam 1", "jan jansen, dam 1"),
    ],
)
def test_every_kind_has_a_canonical_form(kind: IdentifierKind, given_as: str, kept_as: str) -> None:
    assert canonical(kind, given_as) == kept_as


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (EMAIL, "jan"),
        (EMAIL, "jan@localhost"),
        (EMAIL, "jan@a@example.nl"),
        (EMAIL, "jan jansen@example.nl"),
        (EMAIL, "jan@example.nl\r\nBcc: x@example.nl"),
        (EMAIL, "*@example.nl,jan@example.nl"),
        (IdentifierKind.CUSTOMER_ID, ".."),
        (IdentifierKind.CUSTOMER_ID, "a..b"),
        (IdentifierKind.CUSTOMER_ID, "../admin"),
        (IdentifierKind.CUSTOMER_ID, "a/b"),
        (IdentifierKind.CUSTOMER_ID, "%2e%2e"),
        (IdentifierKind.CUSTOMER_ID, "a?x=1"),
        (IdentifierKind.CUSTOMER_ID, "*"),
        (IdentifierKind.XELION_ID, "4_2"),
        (IdentifierKind.XELION_ID, "-1"),
        (IdentifierKind.XELION_ID, "४२"),
        (IdentifierKind.ICCID, "89314404"),
        (IdentifierKind.IMSI, "2040400000000012345"),
        (IdentifierKind.IP, "127.1"),
        (IdentifierKind.IP, "0x7f.0.0.1"),
        (IdentifierKind.IP, "①②⑦.⓪.⓪.①"),
        (IdentifierKind.NAME_ADDRESS, "Jan\u200bJansen"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(kind: IdentifierKind, value: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        canonical(kind, value)


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("pump", ["1", "1 ", "a", "a.", "a@", "+", "(", "-."])
def test_a_very_long_value_is_refused_at_once(kind: IdentifierKind, pump: str) -> None:
    begun = time.process_time()
    with pytest.raises(InvalidIdentifierError):
        canonical(kind, pump * 500_000)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("pump", ["1", "1 ", "a", "a.", "a@", "+", "(", "-."])
def test_no_pattern_is_slow_on_the_longest_value(pump: str) -> None:
    begun = time.process_time()
    for kind in IdentifierKind:
        try:
            canonical(kind, (pump * 320)[:319] + "!")
        except InvalidIdentifierError:
            continue
    assert time.process_time() - begun < 0.5


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
