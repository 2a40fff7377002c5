"""How a letter says that a request stands, or why it was not carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from avgate_contracts.vocabulary import Category, Field, Operation
from avgate_gateway.letter import written
from avgate_gateway.letter.dutch import DUTCH
from avgate_gateway.letter.english import ENGLISH
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import Scope, WaitingFor

from .letters import CODE, LANGUAGES, facts, line, text


@pytest.mark.parametrize(
    ("language", "told"), [("nl", "kunnen u om meer informatie"), ("en", "may ask you for more")]
)
def test_whoever_is_not_known_for_sure_is_told_what_comes_and_sends_no_passport(
    language: str, told: str
) -> None:
    asked = facts(closed=None, waiting_for=WaitingFor.IDENTITY, identity_method=None)
    said = text(asked, language)
    assert told in said  # GDPR Art. 12(6)
    assert ("nooit een kopie" if language == "nl" else "Never send a copy") in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("waits", [*WaitingFor, None])
def test_an_open_request_says_how_it_stands_and_by_when(
    waits: WaitingFor | None, language: str
) -> None:
    told = facts(
        closed=None, waiting_for=waits, extended=True, extension_reason="Too *much* {of} it"
    )
    said = text(told, language)
    assert ("1 december 2026" if language == "nl" else "1 December 2026") in said
    assert "Too *much* {of} it" in said
    assert written(told, language).title != written(facts(), language).title


def test_before_identity_is_known_nothing_is_told_of_what_is_held() -> None:
    told = facts(
        line(OutcomeWord.PENDING, 7), closed=None, waiting_for=WaitingFor.IDENTITY, systems={}
    )
    assert not [one for one in written(told, "nl").sections if one.table]
    nothing = replace(told, report=facts().report)
    assert text(told, "nl") == text(nothing, "nl")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("closing", ["not_relevant", "rejected", "cancelled", "ambiguous"])
def test_a_request_that_was_not_carried_out_says_so(closing: str, language: str) -> None:
    done_nothing = line(OutcomeWord.NOT_DONE, reason=closing)
    said = text(facts(done_nothing, closing=closing), language)
    assert said != text(facts(done_nothing), language)
    assert "Autoriteit Persoonsgegevens" in said
    assert not CODE.findall(said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("operation", Operation)
def test_every_operation_says_what_was_asked(operation: Operation, language: str) -> None:
    every = Scope(frozenset({"operator"}), frozenset(Category))
    told = facts(operation=operation, fields=tuple(Field), identity_method=None)
    said = text(replace(told, report=replace(told.report, scope=every)), language)
    assert ("3 november 2026" if language == "nl" else "3 November 2026") in said
    assert not CODE.findall(said)


REASON = "U bent klant van een ander bedrijf. {x} *y*"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("closing", ["rejected", "cancelled"])
def test_a_refusal_says_why_and_what_can_be_done_about_it(closing: str, language: str) -> None:
    """GDPR Art. 12(4): the reasons, the supervisor, and the court."""
    said = text(facts(closing=closing, refusals=(REASON, REASON)), language)
    assert said.count(REASON) == 1
    assert "Autoriteit Persoonsgegevens" in said
    assert ("artikel 79" if language == "nl" else "Article 79") in said
    assert said != text(facts(closing=closing), language)
    withdrawn = {"nl": "Uw verzoek is ingetrokken", "en": "Your request was withdrawn"}[language]
    assert withdrawn not in said, "staff stopped it: the person did not withdraw it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_staff_refused_of_a_request_says_why_below_it(language: str) -> None:
    lines = (line(OutcomeWord.ERASED), line(OutcomeWord.REFUSED, reason="rejected"))
    [refused] = [
        one for one in written(facts(*lines, refusals=(REASON,)), language).sections
        if any(REASON in text for text in one.after)
    ]  # fmt: skip
    assert refused.table is not None
    by_upstream = line(OutcomeWord.REFUSED, reason="usage_billed")
    assert REASON not in text(facts(by_upstream, refusals=(REASON,)), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_refusal_stands_without_a_reason(language: str) -> None:
    words = {"nl": DUTCH, "en": ENGLISH}[language]
    for code in ("dlda_16103", "status_409", None):
        told = facts(line(OutcomeWord.REFUSED, reason=code))
        assert f"{words.outcomes[OutcomeWord.REFUSED]} {words.no_reason}" in text(told, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OutcomeWord)
def test_nobody_is_told_to_be_unknown_whom_a_person_saw_to_or_who_asked_for_a_part(
    outcome: OutcomeWord, language: str
) -> None:
    """What is said of a whole system has no kind of data, and is not counted."""
    whole = replace(line(outcome), category=None, product=None)
    told = facts(whole, operation=Operation.ACCESS)
    sentence = {"nl": DUTCH, "en": ENGLISH}[language].nothing_found
    nobody = {
        OutcomeWord.NOTHING_HELD,
        OutcomeWord.NOT_RELEVANT,
        OutcomeWord.NOT_SEARCHABLE,
        OutcomeWord.QUARANTINED,
    }
    assert (sentence in text(told, language)) is (outcome in nobody)
    narrowed = replace(told.report, scope=Scope(frozenset({"operator"}), frozenset()))
    assert sentence not in text(replace(told, report=narrowed), language)
