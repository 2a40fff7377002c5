from __future__ import annotations

import time
import unicodedata
from datetime import date, timedelta

import phonenumbers
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
        (EMAIL, "...@example.nl"),
        (EMAIL, "jan@-example.nl"),
        (EMAIL, "jan@example..nl"),
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


WILD = {
    "everything": "*",
    "everything in SQL": "%",
    "one character": "?",
    "one character in SQL": "_",
    "four of them": "____",
    "every address": "*@*.*",
    "every address in SQL": "%@%.%",
    "every address of a domain": "*@example.nl",
    "in SQL": "%@example.nl",
    "of four": "____@example.nl",
    "of a person at any domain": "jan@*.nl",
    "in SQL, at any domain": "jan@%.nl",
    "at any domain of some length": "jan@____.nl",
    "part of an address": "jan*@example.nl",
    "part, in SQL": "j%n@example.nl",
    "part, one character": "j?n@example.nl",
    "part of a name": "jan jans*, dam 1",
    "part of a name, in SQL": "jan jan%, dam 1",
    "part, any character": "jan jansen, dam _",
    "none": "",
    "a space": " ",
    "a dot": ".",
    "dashes": "---",
    "LDAP": "*)(uid=*",
    "a range": "[a-z]*",
    "escaped": "\\%",
}


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("value", WILD.values(), ids=WILD)
def test_nobody_is_found_by_a_wildcard(kind: IdentifierKind, value: str) -> None:
    """[P04]"""
    with pytest.raises(InvalidIdentifierError):
        canonical(kind, value)


@pytest.mark.parametrize(
    "address",
    [
        "jan_jansen@example.nl",
        "_jan@example.nl",
        "jan.jansen+avg@example.nl",
        "o'brien@example.nl",
        "jan-willem@example.co.uk",
        "j.de-vries_1@sub.example.nl",
        "4u@example.nl",
        "jan..jansen@docomo.example",  # some Japanese operators gave these out
        "jan.@docomo.example",
        "jan&els@example.nl",
        "info/jan=x@example.nl",
        "~jan@example.nl",
        "!#$&'+-/=^`{|}~x@example.nl",
        "jan@xn--bcher-kva.example",
        "jan@b\u00fccher.example",
        "\u0645\u062b\u0627\u0644@\u0645\u062b\u0627\u0644.example",
        "\u0938\u0902\u092a\u0930\u094d\u0915@\u0921\u093e\u091f\u093e\u092e\u0947\u0932.\u092d\u093e\u0930\u0924",
        "jan@1and1.example",
        "jan@3.141.example",
        "a@b.cd",
    ],
)
def test_an_odd_address_of_a_real_person_is_theirs(address: str) -> None:
    assert canonical(EMAIL, address) == address


@pytest.mark.parametrize(
    "name",
    [
        "o'brien, dam 1",
        "d\u2019artagnan, dam 1",
        "jan-willem van 't hoff, dam 1-a",
        "c\u0327elik",
        "\u5c71\u7530 \u592a\u90ce",
        "\u0645\u062d\u0645\u062f",
        "nguy\u1ec5n th\u1ecb hoa",
        "fra\u00e7ois-rené",
        "bj\u00f6rk gu\u00f0mundsd\u00f3ttir",
        "k. de vries (erven), postbus 12/3",
        "x \u00c6 a-12",
        "smith & sons, 1st floor #2",
        "dam\u00a01, amsterdam",  # pasted from a web page
    ],
)
def test_a_name_of_a_real_person_is_theirs(name: str) -> None:
    assert canonical(IdentifierKind.NAME_ADDRESS, name)


FORMS = {
    "full-width": "\uff4aan@example.nl",
    "full-width at": "jan\uff20example.nl",
    "full-width dot": "jan@example\uff0enl",
    "a ligature": "\ufb01en@example.nl",
    "raised": "jan\u00b2@example.nl",
    "circled": "jan\u2460@example.nl",
    "mathematical": "\U0001d423an@example.nl",
    "Roman": "\u2160@example.nl",
    "a letter of a unit": "\u212bke@example.nl\ufb03",
}


@pytest.mark.parametrize("kind", [EMAIL, IdentifierKind.NAME_ADDRESS, IdentifierKind.CUSTOMER_ID])
@pytest.mark.parametrize("value", FORMS.values(), ids=FORMS)
def test_no_value_has_a_twin_in_another_form(kind: IdentifierKind, value: str) -> None:
    """[P09] An upstream that folds them would find somebody else by it."""
    with pytest.raises(InvalidIdentifierError):
        canonical(kind, value)


def test_composed_and_decomposed_are_one() -> None:
    for kind, text in ((EMAIL, "caf\u00e9@example.nl"), (IdentifierKind.NAME_ADDRESS, "ren\u00e9")):
        assert canonical(kind, unicodedata.normalize("NFD", text)) == text


@pytest.mark.parametrize("value", ["fe80::1%eth0", "fe80::1%1", "fe80::1%25eth0", "::1%lo", "%"])
def test_an_address_has_no_zone(value: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        canonical(IdentifierKind.IP, value)


def test_two_spellings_of_an_ip_are_one() -> None:
    spellings = ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:c000:0201"]
    assert {canonical(IdentifierKind.IP, one) for one in spellings} == {"192.0.2.1"}


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


@given(
    st.from_regex(r"(\+31|0)[0-9 ()-]{8,12}", fullmatch=True)
    | st.from_regex(r"\+31[0-9]{9}", fullmatch=True)
)
def test_a_number_in_its_one_form_is_what_the_library_makes_of_it(text: str) -> None:
    """The shorter way for what is in E.164 form already says nothing else than the library."""
    try:
        found = canonical(PHONE, text)
    except InvalidIdentifierError:
        return
    number = phonenumbers.parse(text, "NL")
    assert found == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_mail = st.text(st.sampled_from("aZ9é_.-+@*%! "), max_size=12) | st.builds(
    "{}@{}".format,
    st.text(st.sampled_from("aZ9_.-+%"), max_size=66),
    st.lists(st.text(st.sampled_from("aZ9-"), max_size=65), max_size=3).map(".".join),
)


@given(_mail)
def test_an_address_of_ascii_is_judged_like_any_other(text: str) -> None:
    """A letter of another script in the local part leaves everything else as it was."""
    local, at, domain = text.partition("@")
    if not text.isascii() or len(local) >= 64:
        return
    assert _is_email(text) == _is_email(f"{local[:1]}é{local[1:]}{at}{domain}") or not any(
        c.isalnum() for c in local
    )


def _is_email(text: str) -> bool:
    try:
        canonical(EMAIL, text)
    except InvalidIdentifierError:
        return False
    return True
