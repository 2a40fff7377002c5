"""What a letter says: every outcome in both languages, in words that a person knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, Field, Operation, Product
from avgate_gateway.letter import Facts, HandedOver, Recipient, System, Unlooked, written
from avgate_gateway.letter.dutch import DUTCH
from avgate_gateway.letter.english import ENGLISH
from avgate_gateway.letter.phrases import article
from avgate_gateway.register import seeded
from avgate_gateway.report import Ending, OutcomeWord, Report, ReportLine
from avgate_gateway.request import Scope, WaitingFor
from avgate_gateway.retention.ground import GROUNDS, PART_OF_A_SERVICE, GroundCode
from avgate_gateway.store.tasks import TaskCode

EARLIER = "ab12cd34-0000-4000-8000-000000000000"  # AVG-AB12-CD34
RECEIVED, CLOSED = date(2026, 11, 3), date(2026, 11, 29)
CODE = re.compile(r"\b[a-z0-9]+_[a-z0-9_]+\b|[{}]|\bNone\b")
LANGUAGES = ("nl", "en")
CODES = {*TaskCode, *GroundCode, "usage_billed", "dlda_16103", "status_409", "no_delete"}


def line(outcome: OutcomeWord, count: int = 2, **more: Any) -> ReportLine:
    ending = Ending(outcome, **more)
    return ReportLine("operator", Category.COMMUNICATION_METADATA, Product.VOICE, ending, count)


def facts(*lines: ReportLine, operation: Operation = Operation.ERASE, **more: Any) -> Facts:
    moment = datetime(2026, 11, 3, tzinfo=UTC)
    report = Report("r-1", operation, "s-1", moment, moment, lines)
    system = System("Operator", (Recipient("Operator"),), done=(CLOSED, CLOSED))
    known = {
        "controller": "Libervoice B.V.",
        "contact": ("info@libervoice.example",),
        "received": RECEIVED,
        "due": date(2026, 12, 1),
        "closed": CLOSED,
        "identity_method": "a code by post",
        "identity_on": RECEIVED,
        "systems": {"operator": system},
    }
    return Facts(report=report, **{**known, **more})


def text(told: Facts, language: str) -> str:
    return " ".join(_strings(written(told, language).to_json(CLOSED)["sections"])).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


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


def test_each_company_that_was_told_is_named_once_and_no_other() -> None:
    systems = {
        "directory": System("Phone directory", (Recipient("Directory publisher", False, "Phone directory"),)),
        "operator": System("Operator"),
        "subprocessors": System(
            "Subprocessors",
            (Recipient("PerfectView"), Recipient("IASO Backup", is_confirmed=False)),
            unlooked=(Unlooked("PerfectView", WhyUnseen.NO_INTERFACE, is_done=True),),
        ),
        "xelion": System("Xelion", (Recipient("Xelion B.V.", system="Xelion"), Recipient("Supplier of Operator", system="CRM"))),
    }  # fmt: skip
    assert _recipients(facts(systems=systems)) == (
        "Uitgever van telefoongidsen: wij wachten nog op bevestiging",
        "PerfectView",
        "IASO Backup: wij wachten nog op bevestiging",
        "Xelion B.V.",
        "Leverancier van Operator (CRM)",
    )
    assert _recipients(facts(systems={"operator": System("Operator")})) == ()


def _recipients(told: Facts) -> Sequence[str]:
    [section] = [one for one in written(told, "nl").sections if one.title.startswith("Wie hebben")]
    return section.points


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
def test_it_says_to_whom_a_copy_was_sent(language: str) -> None:
    sent = (HandedOver("Next", CLOSED), HandedOver("Slow"), HandedOver("Away", is_given_up=True))
    told = facts(operation=Operation.EXPORT, handed_over=sent)
    [points] = [one.points for one in written(told, language).sections if len(one.points) == 3]
    assert [point.split(":")[0] for point in points] == ["Next", "Slow", "Away"]
    assert "2026" in points[0]
    assert len({point.partition(":")[2] for point in points}) == 3


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("controller", ["libervoice", "mister-voip"])
def test_the_companies_behind_the_service_are_listed_once_each(
    controller: str, language: str
) -> None:
    told = facts(providers=seeded(controller))
    [table] = [one.table for one in written(told, language).sections if one.table]
    names = [row[0] for row in table.rows]
    assert "KPN" in names
    assert len(names) == len(set(names))
    assert "Supplier of Operator" not in names
    assert text(facts(), language) != text(told, language)


def test_a_company_of_no_product_is_told_with_what_it_is_for() -> None:
    [table] = [
        one.table
        for one in written(facts(providers=seeded("mister-voip")), "nl").sections
        if one.table
    ]
    work = dict(table.rows)
    assert work["Pakketbezorger"] == "Pakketten bezorgen"
    assert work["Leverancier van Operator"].endswith("vaste telefonie, mobiele telefonie")
    assert "algemeen" not in " ".join(work.values()).casefold()


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
