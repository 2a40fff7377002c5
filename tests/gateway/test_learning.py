"""What an upstream says of the subject: what is passed on, from when, and what is believed by it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from avgate_contracts.identifier import Identifier
from avgate_contracts.record import ItemRef, Record
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Product
from avgate_gateway.flow.learning import Card, Learned, Lesson, Name, opened
from avgate_gateway.vault import Box

TODAY, BEFORE = date(2026, 3, 2), date(2025, 1, 1)
BOX = Box(b"k" * 32, "box")
JAN = Name("jan", "jansen")
PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL
NUMBER, MAIL = Identifier.of(PHONE, "+31612345678"), Identifier.of(EMAIL, "jan@example.nl")
OID = Identifier.of(IdentifierKind.XELION_ID, "17")
FROM_TODAY = Identifier.of(PHONE, NUMBER.value, TODAY)
CARD = Card((MAIL, FROM_TODAY), (JAN,))


def record(
    category: Category, *identifiers: Identifier, given: str = "Jan", family: str = "Jansen"
) -> Record:
    fields = {Field.NAME_GIVEN: (given,), Field.NAME_FAMILY: (family,)}
    said = {name: values for name, values in fields.items() if values[0]}
    return Record(ItemRef("1", category, Product.GENERAL), identifiers, {}, fields=said)


def learned(*records: Record) -> Learned:
    lesson = Lesson(TODAY)
    for each in records:
        lesson.hear(each)
    return opened(lesson.sealed(BOX), BOX)


def test_a_contract_administration_is_believed_as_it_stands() -> None:
    dated = Identifier.of(PHONE, NUMBER.value, BEFORE, TODAY)
    told = learned(record(Category.CONTACT, dated, MAIL, OID))
    assert set(told.sure) == {dated, MAIL}
    assert told.card == Card()


def test_a_number_on_a_card_is_theirs_from_today_and_goes_with_the_name() -> None:
    told = learned(record(Category.CONTACTS, NUMBER, MAIL, OID))
    assert told.sure == ()
    assert told.card == CARD


def test_what_a_card_knows_the_beginning_of_is_kept_as_it_is() -> None:
    dated = Identifier.of(PHONE, NUMBER.value, BEFORE)
    assert learned(record(Category.CONTACTS, dated)).card.identifiers == (dated,)


@pytest.mark.parametrize("missing", [{"given": ""}, {"family": ""}, {"given": " - "}])
def test_a_card_without_a_whole_name_is_not_passed_on(missing: dict[str, Any]) -> None:
    assert learned(record(Category.CONTACTS, MAIL, **missing)) == Learned()


@pytest.mark.parametrize(
    "category", [Category.COMMUNICATION_METADATA, Category.DIRECTORY_LISTING, Category.CRM_DATA]
)
def test_nothing_is_learned_from_other_things(category: Category) -> None:
    assert learned(record(category, NUMBER, MAIL)) == Learned()


@pytest.mark.parametrize(
    ("given", "family", "is_theirs"),
    [
        ("Jan", "Jansen", True),
        ("JAN ", "jansen", True),
        ("Jàn", "Jan-sen", True),
        ("Johanna", "Jansen", False),
        ("J.", "Jansen", False),
        ("", "Jansen", False),
        ("Jan", "Pietersen", False),
        ("Jan", "", False),
    ],
)
def test_what_is_found_by_a_card_is_believed_only_under_the_whole_name_on_it(
    given: str, family: str, is_theirs: bool
) -> None:
    shown = record(Category.DIRECTORY_LISTING, MAIL, given=given, family=family)
    assert CARD.is_of(shown, None) is is_theirs


@pytest.mark.parametrize(
    ("theirs", "day", "is_theirs"),
    [
        (Identifier.of(PHONE, NUMBER.value, BEFORE), None, True),
        (Identifier.of(PHONE, NUMBER.value, BEFORE, TODAY), None, False),  # given up before today
        (NUMBER, BEFORE, False),  # a call of days that nobody vouches for
        (NUMBER, TODAY, True),
        (Identifier.of(PHONE, "+31687654321"), None, False),
    ],
)
def test_a_number_on_a_card_leads_to_who_has_it_today(
    theirs: Identifier, day: date | None, is_theirs: bool
) -> None:
    assert CARD.is_of(record(Category.DIRECTORY_LISTING, theirs), day) is is_theirs


def test_what_is_known_anyway_is_no_news_of_a_card() -> None:
    assert CARD.without([(EMAIL, MAIL.value)]).identifiers == (FROM_TODAY,)
