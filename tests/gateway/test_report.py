from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.report import (
    Ending,
    OutcomeWord,
    Report,
    ReportLine,
    complaint_sentence,
    sentence,
)
from avgate_gateway.supervisor import COMPLAINT_ADDRESS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEPT = ReportLine(
    "operator",
    Category.CONTACT,
    Product.GENERAL,
    Ending(OutcomeWord.RETAINED, until=date(2026, 9, 2), ground="legal_duty"),
    2,
)
ERASED = ReportLine("xelion", Category.CONTACTS, Product.XELION, Ending(OutcomeWord.ERASED), 1)
REPORT = Report("r-1", Operation.ERASE, "ref-7", NOW, None, (KEPT, ERASED), "en")


def test_a_line_says_ground_and_date_and_what_the_word_means() -> None:
    assert KEPT.to_json("nl") == {
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
        "address": "https://autoriteitpersoonsgegevens.nl/een-tip-of-klacht-indienen-bij-de-ap",
    }
    assert COMPLAINT_ADDRESS in json.dumps(shown)


def test_only_a_listing_that_is_gone_is_said_to_be_kept_unpublished() -> None:
    gone, listing = OutcomeWord.ERASED, sentence(OutcomeWord.ERASED, "en", delisted=True)
    assert "no longer published" in listing
    assert listing != sentence(gone, "en") != sentence(gone, "nl", delisted=True)
    for word in set(OutcomeWord) - {gone}:
        assert sentence(word, "nl", delisted=True) == sentence(word, "nl")


@pytest.mark.parametrize("word", OutcomeWord)
def test_every_word_has_a_sentence_in_dutch_and_english(word: OutcomeWord) -> None:
    dutch, english = sentence(word, "nl"), sentence(word, "en")
    assert dutch != english
    assert all(text.endswith(".") and len(text) < 70 for text in (dutch, english))
    assert sentence(word, "fr") == english
