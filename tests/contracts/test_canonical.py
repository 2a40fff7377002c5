"""Every spelling of an identifier has one form, and an odd one of a real person is still theirs."""

from __future__ import annotations

import unicodedata

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts import IdentifierKind, InvalidIdentifierError, canonical

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL


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


def test_composed_and_decomposed_are_one() -> None:
    for kind, text in ((EMAIL, "caf\u00e9@example.nl"), (IdentifierKind.NAME_ADDRESS, "ren\u00e9")):
        assert canonical(kind, unicodedata.normalize("NFD", text)) == text


def test_two_spellings_of_an_ip_are_one() -> None:
    spellings = ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:c000:0201"]
    assert {canonical(IdentifierKind.IP, one) for one in spellings} == {"192.0.2.1"}


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
