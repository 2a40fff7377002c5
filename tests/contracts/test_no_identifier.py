"""What is no identifier is refused, at once and unrepeated: wildcards, twins, values without end."""

from __future__ import annotations

import time

import pytest

from avgate_contracts import IdentifierKind, InvalidIdentifierError, canonical

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL


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


@pytest.mark.parametrize("value", ["fe80::1%eth0", "fe80::1%1", "fe80::1%25eth0", "::1%lo", "%"])
def test_an_address_has_no_zone(value: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        canonical(IdentifierKind.IP, value)


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
