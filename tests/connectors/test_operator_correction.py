"""What of an individual a correction replaces, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from avgate_contracts import Field, FieldChange, Refused, Unsupported
from avgate_operator.correction import corrected, obstacle, shows, stands
from avgate_operator.models import Individual

OLD = {"validFor": {"endDateTime": "2024-01-01T00:00:00Z"}, "mediumType": "telephone number"}
HOME = {"street1": "Dorpsstraat", "street2": "1", "postCode": "1234 AB", "city": "Delft"}
SHED = {"street1": "Kerkstraat", "city": "Delft"}
MEDIA = [
    {"preferred": True, "characteristic": {"emailAddress": "a@x.nl", "phoneNumber": "0612345678"}},
    {"characteristic": {"emailAddress": "B@x.nl", "contactType": "work"}},
    {**OLD, "characteristic": {"phoneNumber": "+31612345678"}},
    {"characteristic": HOME},
    {"characteristic": SHED},
]


def somebody() -> Individual:
    accounts = [{"name": "bankAccount", "value": v} for v in ("NL 01", "NL02", "NL01")]
    body = {
        "id": "1",
        "familyName": "Jansen",
        "contactMedium": MEDIA,
        "partyCharacteristic": [*accounts, {"name": "other", "value": "NL01"}],
    }
    return Individual.model_validate(body)


def media_after(*changes: FieldChange) -> list[Any]:
    patch = corrected(somebody(), changes)
    media: list[Any] = patch["contactMedium"]
    return media


def test_every_value_is_a_field_in_its_order_and_a_home_has_all_parts_of_an_address() -> None:
    assert somebody().fields == {
        Field.NAME_FAMILY: ("Jansen",),
        Field.NAME_PREFIX: ("",),
        Field.EMAIL: ("a@x.nl", "B@x.nl"),
        Field.PHONE: ("0612345678", "+31612345678"),
        Field.ADDRESS_STREET: ("Dorpsstraat", "Kerkstraat"),
        Field.ADDRESS_NUMBER: ("1", ""),
        Field.ADDRESS_POSTCODE: ("1234 AB", ""),
        Field.ADDRESS_CITY: ("Delft", "Delft"),
        Field.BANK_ACCOUNT: ("NL 01", "NL02", "NL01"),
    }


def test_one_medium_is_changed_and_all_others_are_sent_as_they_came() -> None:
    changed = media_after(FieldChange(Field.EMAIL, "b@x.nl", "c@x.nl"))
    right = {"emailAddress": "c@x.nl", "contactType": "work"}
    assert changed == [MEDIA[0], {"characteristic": right}, *MEDIA[2:]]


def test_a_number_is_changed_wherever_it_stands_and_keeps_its_days() -> None:
    changed = media_after(FieldChange(Field.PHONE, "06-12345678", "+31201234567"))
    numbers = [medium["characteristic"].get("phoneNumber") for medium in changed]
    assert numbers == ["+31201234567", None, "+31201234567", None, None]
    assert changed[2] == {**OLD, "characteristic": {"phoneNumber": "+31201234567"}}


def test_the_empty_part_of_one_home_is_filled_in_where_it_is_named() -> None:
    changed = media_after(FieldChange(Field.ADDRESS_NUMBER, "", "7"))
    assert changed[3:] == [MEDIA[3], {"characteristic": {**SHED, "street2": "7"}}]


def test_a_bank_account_is_replaced_however_it_is_spaced() -> None:
    patch = corrected(somebody(), [FieldChange(Field.BANK_ACCOUNT, "NL01", "NL03")])
    values = [each["value"] for each in patch["partyCharacteristic"]]
    assert values == ["NL03", "NL02", "NL03", "NL01"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (FieldChange(Field.NAME_GIVEN, "Jan", "Piet"), "not_rectifiable"),
        (FieldChange(Field.EMAIL, "d@x.nl", "c@x.nl"), "changed_meanwhile"),
        (FieldChange(Field.ADDRESS_CITY, "Delft", "Gouda"), "several"),
        (FieldChange(Field.ADDRESS_STREET, "Kerkstraat", "Markt"), None),
        (FieldChange(Field.EMAIL, "d@x.nl", "A@x.nl"), None),
    ],
)
def test_says_why_nothing_can_be_written(change: FieldChange, code: str | None) -> None:
    reason = obstacle(somebody(), [change])
    assert (reason.code if isinstance(reason, Refused | Unsupported) else reason) == code


@pytest.mark.parametrize(
    ("before", "after", "stand", "is_shown"),
    [
        ("a@x.nl", "c@x.nl", 1, False),
        ("A@x.nl", "b@x.nl", 1, True),
        ("c@x.nl", "b@x.nl", 0, True),
        ("a@x.nl", "A@x.nl", 0, True),
    ],
)
def test_the_old_value_has_to_go_even_where_the_new_one_is_there(
    before: str, after: str, stand: int, *, is_shown: bool
) -> None:
    change = FieldChange(Field.EMAIL, before, after)
    assert (stands(somebody(), change), shows(somebody(), change)) == (stand, is_shown)
