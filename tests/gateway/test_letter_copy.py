"""What a letter says of the copy: what is not in it, and what an earlier erasure left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Operation
from avgate_gateway.letter import Facts, HandedOver, System, Unlooked, written
from avgate_gateway.letter.dutch import DUTCH
from avgate_gateway.letter.english import ENGLISH
from avgate_gateway.report import OutcomeWord, ReportLine
from avgate_gateway.retention.ground import GROUNDS, GroundCode

from .letters import CLOSED, EARLIER, LANGUAGES, facts, line, text


def left(outcome: OutcomeWord, **more: Any) -> ReportLine:
    """What an earlier erasure left, where no look finds it any more."""
    return line(outcome, reason="left_earlier", left_by=EARLIER, **more)


def _of_earlier(told: Facts, language: str) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    heading = {"nl": DUTCH, "en": ENGLISH}[language].headings.earlier
    [section] = [one for one in written(told, language).sections if one.title == heading]
    assert section.table is not None
    rows = [[cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in section.table.rows]
    return section.paragraphs, rows


@pytest.mark.parametrize("operation", [Operation.ACCESS, Operation.EXPORT])
@pytest.mark.parametrize(
    ("language", "busy", "no_copy", "by_hand", "until"),
    [
        ("nl", "nog bezig", "krijgt u geen kopie", "Een medewerker verwijdert het met de hand", "tot en met 1 juni 2027"),
        ("en", "not finished", "You get no copy", "A member of staff erases it by hand", "up to and including 1 June 2027"),
    ],
)  # fmt: skip
def test_a_copy_says_what_an_earlier_erasure_left_and_that_it_does_not_hold_it(
    language: str, busy: str, no_copy: str, by_hand: str, until: str, operation: Operation
) -> None:
    told = facts(
        line(OutcomeWord.PROVIDED, 30),
        left(OutcomeWord.BY_HAND),
        left(OutcomeWord.RETAINED, ground="disputes", until=date(2027, 6, 1)),
        operation=operation,
    )
    words, said = {"nl": DUTCH, "en": ENGLISH}[language], text(told, language)
    assert busy not in said, "this request has nothing left to do"
    assert words.headings.kept not in said
    assert words.tallies["earlier"][1].format(count=4) in said
    assert words.copy_lacks in said
    [above], [hand, kept] = _of_earlier(told, language)
    assert no_copy in above
    assert "AVG-AB12-CD34" in hand[3]
    assert "AVG-AB12-CD34" in kept[3]
    assert by_hand in hand[3]
    assert by_hand not in kept[3]
    assert until in kept[3]
    ground = GROUNDS[GroundCode.DISPUTES]
    assert (ground.sentence_nl if language == "nl" else ground.sentence) in kept[3]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_erasure_leaves_it_to_the_first_and_speaks_of_no_copy(language: str) -> None:
    told = facts(left(OutcomeWord.BY_HAND), line(OutcomeWord.ERASED))
    above, [[*_, fate]] = _of_earlier(told, language)
    assert not above
    assert "AVG-AB12-CD34" in fate
    assert ("kopie" if language == "nl" else "copy") not in text(told, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("beside", "is_whole"),
    [
        (OutcomeWord.NOTHING_HELD, True),
        (OutcomeWord.QUARANTINED, True),
        (OutcomeWord.NOT_SEARCHABLE, False),
        (OutcomeWord.DONE_BY_HAND, False),
        (OutcomeWord.REFUSED, False),
        (OutcomeWord.FAILED, False),
    ],
)
def test_a_copy_that_may_lack_something_says_so(
    beside: OutcomeWord, language: str, *, is_whole: bool
) -> None:
    words = {"nl": DUTCH, "en": ENGLISH}[language]
    told = facts(line(OutcomeWord.PROVIDED), line(beside), operation=Operation.ACCESS)
    assert (words.copy_lacks not in text(told, language)) is is_whole
    is_elsewhere = words.not_in_copy in text(told, language)
    assert is_elsewhere is (beside is OutcomeWord.DONE_BY_HAND)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_part_that_nobody_looked_into_is_told_not_to_be_in_the_copy(language: str) -> None:
    words = {"nl": DUTCH, "en": ENGLISH}[language]
    part = Unlooked("Aloha", WhyUnseen.NO_INTERFACE, is_done=True)
    told = facts(
        line(OutcomeWord.PROVIDED), operation=Operation.ACCESS,
        systems={"operator": System("Operator", unlooked=(part,))},
    )  # fmt: skip
    assert words.copy_lacks in text(told, language)
    assert words.not_in_copy in text(told, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", WhyUnseen)
def test_a_part_that_nobody_looked_into_is_named(why: WhyUnseen, language: str) -> None:
    parts = (Unlooked("IASO Backup", why), Unlooked("Aloha", why, (), is_done=True))
    told = facts(systems={"operator": System("Operator", unlooked=parts)})
    sections = {one.title: one for one in written(told, language).sections}
    unlooked = [one for one in sections.values() if any("IASO" in point for point in one.points)]
    assert len(unlooked) == 1
    assert any("Aloha" in one.points for one in sections.values()), (
        "a person told them: a recipient"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_to_whom_a_copy_was_sent(language: str) -> None:
    sent = (HandedOver("Next", CLOSED), HandedOver("Slow"), HandedOver("Away", is_given_up=True))
    told = facts(operation=Operation.EXPORT, handed_over=sent)
    [points] = [one.points for one in written(told, language).sections if len(one.points) == 3]
    assert [point.split(":")[0] for point in points] == ["Next", "Slow", "Away"]
    assert "2026" in points[0]
    assert len({point.partition(":")[2] for point in points}) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_that_were_gone_before_they_were_copied_are_told(language: str) -> None:
    words = {"nl": DUTCH, "en": ENGLISH}[language]
    told = facts(
        line(OutcomeWord.PROVIDED), operation=Operation.ACCESS,
        systems={"operator": System("Operator", files_gone=3)},
    )  # fmt: skip
    assert words.copy_lacks in text(told, language)
    assert words.files_gone.format(title="Operator", count=3) in text(told, language)
