from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import get_args

import pytest

from avgate_contracts.outcome import (
    Completed,
    Effect,
    Failed,
    NothingHeld,
    Outcome,
    Pending,
    Refused,
    Unknown,
    Unsupported,
)
from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.report import (
    COMPLAINT_ADDRESS,
    ItemState,
    OutcomeWord,
    Report,
    State,
    complaint_sentence,
    sentence,
    state_of,
    state_of_verdict,
    summarise,
)
from avgate_gateway.retention import decide, load_pack

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = date(2026, 9, 2)
PACK = load_pack("libervoice-2019")
STATES: list[tuple[Outcome, State]] = [
    (Completed(Effect.SCHEDULED, DAY), State(OutcomeWord.SCHEDULED, effective_from=DAY)),
    (NothingHeld(), State(OutcomeWord.NOTHING_HELD)),
    (Pending("job", NOW), State(OutcomeWord.PENDING)),
    (
        Unsupported("no_delete", "There is no call for it."),
        State(OutcomeWord.BY_HAND, reason="no_delete", detail="There is no call for it."),
    ),
    (
        Refused("billed", "It is on a bill.", DAY),
        State(OutcomeWord.REFUSED, until=DAY, reason="billed", detail="It is on a bill."),
    ),
    (
        Failed("locked", "It is locked."),
        State(OutcomeWord.FAILED, reason="locked", detail="It is locked."),
    ),
    (
        Unknown("The connection broke."),
        State(OutcomeWord.UNKNOWN, reason="answer_lost", detail="The connection broke."),
    ),
]


@pytest.mark.parametrize(("outcome", "state"), STATES)
def test_every_outcome_has_a_word(outcome: Outcome, state: State) -> None:
    assert state_of(outcome) == state


def test_no_outcome_is_left_out_of_the_table_above() -> None:
    assert {type(outcome) for outcome, _ in STATES} == set(get_args(Outcome))


@pytest.mark.parametrize("effect", Effect)
def test_every_effect_is_called_what_the_connector_calls_it(effect: Effect) -> None:
    assert state_of(Completed(effect)).outcome.value == effect.value


def test_accepted_and_confirmed_are_different_words() -> None:
    assert state_of(Pending("job", NOW)).outcome != state_of(Completed(Effect.ERASED)).outcome


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (
            ItemRef("r", Category.COMMUNICATION_METADATA, Product.VOICE, NOW),
            State(OutcomeWord.RETAINED, until=DAY, ground="disputes"),
        ),
        (
            ItemRef("r", Category.CONTACT, Product.GENERAL, service_runs=True),
            State(OutcomeWord.RETAINED, ground="contract_runs"),
        ),
        (ItemRef("r", Category.RECORDING, Product.VOICE), State(OutcomeWord.PENDING)),
        (
            ItemRef("r", Category.RECORDING, Product.VOICE, erasure=ErasureWay.BY_HAND),
            State(OutcomeWord.BY_HAND, reason="managed_by_end_user"),
        ),
        (
            ItemRef("r", Category.RECORDING, Product.CLOUD),
            State(OutcomeWord.BY_HAND, reason="no_rule"),
        ),
    ],
)
def test_a_verdict_has_a_word_with_its_ground_and_date(item: ItemRef, state: State) -> None:
    assert state_of_verdict(decide(item, PACK, NOW)) == state


@pytest.mark.parametrize("way", ErasureWay)
def test_nothing_that_a_verdict_lets_go_is_called_gone(way: ErasureWay) -> None:
    item = ItemRef("r", Category.RECORDING, Product.VOICE, erasure=way)
    word = state_of_verdict(decide(item, PACK, NOW)).outcome
    assert word in {OutcomeWord.PENDING, OutcomeWord.BY_HAND}


ERASED = ItemState("xelion", Category.CONTACTS, Product.XELION, State(OutcomeWord.ERASED))
KEPT = ItemState(
    "operator",
    Category.CONTACT,
    Product.GENERAL,
    State(OutcomeWord.RETAINED, until=DAY, ground="legal_duty"),
)
NOTHING = ItemState("directory", None, None, State(OutcomeWord.NOTHING_HELD))


def test_items_that_fared_alike_are_one_line_whatever_the_order() -> None:
    items = [ERASED, KEPT, NOTHING, ERASED, KEPT, ERASED]
    lines = summarise(items)
    assert [(line.connector, line.count) for line in lines] == [
        ("directory", 1),
        ("operator", 2),
        ("xelion", 3),
    ]
    assert lines == summarise(reversed(items))


@pytest.mark.parametrize(
    "other",
    [
        replace(KEPT, connector="xelion"),
        replace(KEPT, category=Category.FINANCIAL),
        replace(KEPT, product=Product.VOICE),
        replace(KEPT, state=replace(KEPT.state, outcome=OutcomeWord.REFUSED)),
        replace(KEPT, state=replace(KEPT.state, effective_from=DAY)),
        replace(KEPT, state=replace(KEPT.state, until=date(2026, 9, 3))),
        replace(KEPT, state=replace(KEPT.state, ground="disputes")),
        replace(KEPT, state=replace(KEPT.state, reason="billed")),
        replace(KEPT, state=replace(KEPT.state, detail="It is on a bill.")),
    ],
)
def test_items_that_differ_in_anything_are_lines_of_their_own(other: ItemState) -> None:
    assert [line.count for line in summarise([KEPT, other])] == [1, 1]


def test_every_field_of_a_state_is_in_the_table_above() -> None:
    assert len(fields(State)) == 6


REPORT = Report("r-1", Operation.ERASE, "ref-7", NOW, None, summarise([ERASED, KEPT, KEPT]), "en")


def test_a_line_says_ground_and_date_and_what_the_word_means() -> None:
    line = summarise([KEPT, KEPT])[0]
    assert line.to_json("nl") == {
        "connector": "operator",
        "category": "contact",
        "product": "general",
        "outcome": "retained",
        "count": 2,
        "ground": "legal_duty",
        "until": "2026-09-02",
        "effective_from": None,
        "reason": None,
        "detail": None,
        "sentence": "Het blijft voorlopig bewaard, op de genoemde grond.",
    }


def test_a_report_is_plain_json_with_totals() -> None:
    shown = json.loads(json.dumps(REPORT.to_json()))
    assert shown["operation"] == "erase"
    assert shown["closed"] is None
    assert shown["totals"] == {"erased": 1, "retained": 2}
    assert len(shown["items"]) == 2


@pytest.mark.parametrize("language", ["nl", "en", "de"])
@pytest.mark.parametrize("operation", Operation)
def test_every_report_says_where_to_complain(operation: Operation, language: str) -> None:
    shown = replace(REPORT, operation=operation, language=language, lines=()).to_json()
    assert shown["complaint"] == {
        "sentence": complaint_sentence(language),
        "address": "https://autoriteitpersoonsgegevens.nl/nl/"
        "contact-met-de-autoriteit-persoonsgegevens/tip-ons",
    }
    assert COMPLAINT_ADDRESS in json.dumps(shown)


@pytest.mark.parametrize("word", OutcomeWord)
def test_every_word_has_a_sentence_in_dutch_and_english(word: OutcomeWord) -> None:
    dutch, english = sentence(word, "nl"), sentence(word, "en")
    assert dutch != english
    assert all(text.endswith(".") and len(text) < 70 for text in (dutch, english))
    assert sentence(word, "fr") == english
