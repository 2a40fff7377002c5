"""What a letter says: every outcome in both languages, in words that a person knows."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import orjson
import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.letter import System, written
from avgate_gateway.letter.phrases import article
from avgate_gateway.register import seeded
from avgate_gateway.report import OutcomeWord
from avgate_gateway.retention.ground import GROUNDS, PART_OF_A_SERVICE, GroundCode
from avgate_gateway.store.tasks import TaskCode

from .letters import CLOSED, CODE, LANGUAGES, facts, line, text

CODES = {*TaskCode, *GroundCode, "usage_billed", "dlda_16103", "status_409", "no_delete"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OutcomeWord)
def test_every_outcome_has_a_sentence_and_no_code_shows(
    outcome: OutcomeWord, language: str
) -> None:
    without = text(facts(), language)
    lines = [
        line(outcome, reason=code, detail=f"HTTP 409: {code}, in a connector's own words")
        for code in (None, *sorted(CODES))
    ]
    told = text(facts(*lines), language)
    assert len(text(facts(lines[0]), language)) > len(without) + 40
    assert not CODE.findall(told), CODE.findall(told)
    assert "connector" not in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ground", [*GROUNDS.values(), PART_OF_A_SERVICE], ids=lambda g: g.code)
def test_what_stays_says_why_by_which_law_and_until_when(ground: Any, language: str) -> None:
    sentence = ground.sentence_nl if language == "nl" else ground.sentence
    kept = line(OutcomeWord.RETAINED, ground=ground.code.value, detail=sentence, until=CLOSED)
    told = text(facts(kept), language)
    assert sentence in told
    assert article(ground.article, language) in told
    assert ("29 november 2026" if language == "nl" else "29 November 2026") in told


def test_a_law_is_cited_in_dutch() -> None:
    assert article("GDPR Art. 17(3)(b); AWR Art. 52(4)", "nl") == (
        "artikel 17 lid 3 onder b AVG; artikel 52 lid 4 Algemene wet inzake rijksbelastingen"
    )
    assert article("GDPR Art. 6(1)(b), 17(1)(a); Tw Art. 13.4", "nl") == (
        "artikel 6 lid 1 onder b en 17 lid 1 onder a AVG; artikel 13.4 Telecommunicatiewet"
    )


def test_days_apart_are_told_as_the_first_and_the_last() -> None:
    days = (date(2026, 12, 2), date(2027, 5, 21), date(2027, 1, 8))
    kept = [line(OutcomeWord.RETAINED, 1, ground="disputes", until=day) for day in days]
    [section] = [
        one for one in written(facts(*kept), "nl").sections if one.title.startswith("Wat bew")
    ]
    assert section.table is not None
    [row] = section.table.rows
    assert row[2] == "3"
    told = row[3].replace("\N{NO-BREAK SPACE}", " ")
    assert "2 december 2026 voor het oudste, en tot en met 21 mei 2027" in told


def test_what_reads_alike_is_one_row() -> None:
    """A plan tells its days and codes apart; to the person it is all simply not done yet."""
    open_lines = [
        line(OutcomeWord.PENDING, 1, until=date(2027, 1, day), reason=code)
        for day, code in ((1, None), (2, "disputes"), (3, "no_delete"))
    ]
    told = facts(*open_lines, closed=None, systems={"operator": System("Operator")})
    tables = [one.table for one in written(told, "nl").sections if one.table]
    assert [[row[2] for row in table.rows] for table in tables] == [["3"]]


@pytest.mark.parametrize(("language", "erasing"), [("nl", "verwijder"), ("en", "eras")])
def test_a_correction_that_is_for_later_is_not_called_an_erasure(
    language: str, erasing: str
) -> None:
    """The directory's next edition has it: whoever corrects their street does not want to leave."""
    later = line(OutcomeWord.SCHEDULED, effective_from=date(2027, 6, 18))
    [table] = [
        one.table
        for one in written(facts(later, operation=Operation.RECTIFY), language).sections
        if one.table
    ]
    [row] = table.rows
    assert "18" in row[3]
    assert erasing not in row[3].casefold()


def test_a_letter_knows_no_other_language() -> None:
    with pytest.raises(KeyError):
        written(facts(), "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_long(language: str) -> None:
    """Reading level B1: short sentences. A law's name is no sentence of ours."""
    lines = [line(outcome) for outcome in OutcomeWord]
    for sentence in re.split(r"[.?:!] ", re.sub(r"\([^)]*\)", "", text(facts(*lines), language))):
        assert len(sentence.split()) <= 25, sentence


def test_the_same_facts_say_the_same() -> None:
    told = facts(line(OutcomeWord.ERASED), providers=seeded("libervoice"))
    assert orjson.dumps(written(told, "nl")) == orjson.dumps(written(told, "nl"))
