"""Decides what a letter says: facts in, sections out, in the person's language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from avgate_contracts.record import Json
from avgate_gateway.case_number import case_number
from avgate_gateway.letter.dutch import DUTCH
from avgate_gateway.letter.english import ENGLISH
from avgate_gateway.letter.facts import Facts
from avgate_gateway.letter.others import handed_over, providers, recipients, unlooked
from avgate_gateway.letter.outcomes import Part, parts_of, rows_of, tallies
from avgate_gateway.letter.phrases import named, told_day, told_fields
from avgate_gateway.letter.section import Section, Table, section_json
from avgate_gateway.letter.words import Words
from avgate_gateway.report import OutcomeWord, Report, ReportLine
from avgate_gateway.request import COPIES, WaitingFor
from avgate_gateway.supervisor import COMPLAINT_ADDRESS

_OF_A_WHOLE_COPY: Final = frozenset(
    {
        OutcomeWord.PROVIDED,
        OutcomeWord.NOTHING_HELD,
        OutcomeWord.NOTHING_IN_SCOPE,
        OutcomeWord.NOT_RELEVANT,
        OutcomeWord.QUARANTINED,
    }
)
_OF_NOBODY: Final = frozenset(
    {
        OutcomeWord.NOTHING_HELD,
        OutcomeWord.NOT_RELEVANT,
        OutcomeWord.NOT_SEARCHABLE,
        OutcomeWord.QUARANTINED,
    }
)
LANGUAGES: Final = {"nl": DUTCH, "en": ENGLISH}


@dataclass(frozen=True, slots=True)
class Content:
    """A letter without its date, which is that of the day on which it is made first."""

    language: str
    controller: str
    contact: Sequence[str]
    reference: str
    title: str
    subject: str
    salutation: str
    sections: Sequence[Section]
    closing: str

    def to_json(self, made: date) -> dict[str, Json]:
        words = LANGUAGES[self.language]
        return {
            "language": self.language,
            "controller": self.controller,
            "contact": [*self.contact],
            "title": self.title,
            "labels": [
                [words.date_label, told_day(words, made)],
                [words.reference_label, self.reference],
                [words.subject_label, self.subject],
            ],
            "reference": f"{words.reference_label} {self.reference}",
            "page": words.page_label,
            "salutation": self.salutation,
            "sections": [section_json(one) for one in self.sections],
            "closing": self.closing,
        }


def written(facts: Facts, language: str) -> Content:
    """The letter about these facts, in "nl" or "en"; KeyError for any other language."""
    words = LANGUAGES[language]
    is_answer = facts.closed is not None
    return Content(
        language=language,
        controller=facts.controller,
        contact=tuple(facts.contact),
        reference=case_number(facts.report.request_id),
        title=words.title_answer if is_answer else words.title_interim,
        subject=words.subjects[facts.report.operation],
        salutation=words.salutation,
        sections=tuple(_sections(facts, words)),
        closing=words.closing,
    )


def _sections(facts: Facts, words: Words) -> Iterator[Section]:
    yield _opening(facts, words)
    if facts.closed is None:
        yield Section(words.headings.meanwhile, tuple(_meanwhile(facts, words)))
    if facts.closing is None:
        yield from _outcomes(facts, words)
        yield from unlooked(facts, words)
        yield from recipients(facts, words)
        yield from handed_over(facts, words)
    yield from providers(facts, words)
    yield Section(words.headings.identity, (_identity(facts, words),))
    yield _disagree(facts, words)


def _opening(facts: Facts, words: Words) -> Section:
    report = facts.report
    asked = words.asked[report.operation].format(day=told_day(words, facts.received))
    paragraphs = [asked]
    if facts.fields:
        paragraphs.append(words.fields_intro.format(fields=told_fields(words, facts.fields)))
    paragraphs.extend(_narrowed(facts, words))
    if facts.closing is not None:
        paragraphs.extend(_closed(facts.closing, facts.refusals, words))
        return Section("", tuple(paragraphs))
    paragraphs.append(words.here_is_the_answer if facts.closed else words.not_ready_yet)
    points = tuple(_in_short(facts, words))
    if points:
        paragraphs.append(words.in_short)
    return Section("", tuple(paragraphs), points, after=tuple(_copy(facts, words)))


def _closed(closing: str, refusals: Sequence[str], words: Words) -> Iterator[str]:
    """Why it was not carried out, with the reason that staff gave (GDPR Art. 12(4))."""
    if closing == "cancelled" and refusals:
        yield words.stopped
    else:
        yield words.closings.get(closing, words.closings["cancelled"])
    yield from _reasons(words.refusal, refusals)
    if closing == "rejected" and not refusals:
        yield words.refusal_unsaid


def _reasons(shape: str, refusals: Sequence[str]) -> Iterator[str]:
    return (shape.format(reason=reason) for reason in dict.fromkeys(refusals))


def _copy(facts: Facts, words: Words) -> Iterator[str]:
    """That a copy comes, and that it may not be all there is."""
    outcomes = [line.ending.outcome for line in facts.report.lines]
    if facts.closed is None or OutcomeWord.PROVIDED not in outcomes:
        return
    yield words.copy
    lacking = [one for one in facts.systems.values() if one.unlooked or one.files_gone]
    if lacking or not _OF_A_WHOLE_COPY.issuperset(outcomes):
        yield words.copy_lacks
    for one in lacking:
        if one.files_gone:
            title = words.names.get(one.title, one.title)
            yield words.files_gone.format(title=title, count=one.files_gone)


def _narrowed(facts: Facts, words: Words) -> Iterator[str]:
    scope = facts.report.scope
    if scope.connectors:
        titles = (named(words, facts.systems, name) for name in sorted(scope.connectors))
        yield words.narrowed_systems.format(systems=", ".join(titles))
    if scope.categories:
        kinds = (words.categories[category] for category in sorted(scope.categories))
        yield words.narrowed_categories.format(categories=", ".join(kinds))


def _in_short(facts: Facts, words: Words) -> Iterator[str]:
    if facts.waiting_for is WaitingFor.IDENTITY:
        return
    counted = tallies(facts.report.lines)
    for part, count in counted.items():
        one, several = words.tallies[part]
        yield one if count == 1 else several.format(count=count)
    if not counted and facts.closed is not None and _is_nobody_known(facts.report):
        yield words.nothing_found


def _is_nobody_known(report: Report) -> bool:
    """Whether nothing was found that is theirs: not where a part was looked into, or a person did it all."""
    outcomes = {line.ending.outcome for line in report.lines}
    return not report.scope.connectors and _OF_NOBODY.issuperset(outcomes)


def _meanwhile(facts: Facts, words: Words) -> Iterator[str]:
    waits = facts.waiting_for
    yield words.waiting[waits] if waits is not None else words.running
    if facts.extended:
        yield words.extended
        if facts.extension_reason:
            yield words.extension_reason.format(reason=facts.extension_reason)
    yield words.answer_by.format(day=told_day(words, facts.due))


def _outcomes(facts: Facts, words: Words) -> Iterator[Section]:
    headings, columns = words.headings, words.columns
    titles = {
        Part.DONE: (headings.done, columns.done),
        Part.KEPT: (headings.kept, columns.kept),
        Part.OPEN: (headings.open, columns.open),
        Part.EARLIER: (headings.earlier, columns.open),
        Part.REFUSED: (headings.refused, columns.refused),
    }
    if facts.waiting_for is WaitingFor.IDENTITY:
        return
    for part, lines in parts_of(facts.report.lines).items():
        title, last = titles[part]
        rows = tuple(rows_of(facts, words, part, lines))
        heads = (columns.system, columns.data, columns.count, last)
        after = tuple(_below(facts, words, part, lines))
        no_copy = part is Part.EARLIER and facts.report.operation in COPIES
        before = (words.earlier_no_copy,) if no_copy else ()
        yield Section(title, before, table=Table(heads, rows, (20, 27, 10, 43), 2), after=after)


def _below(facts: Facts, words: Words, part: Part, lines: Sequence[ReportLine]) -> Iterator[str]:
    if any(line.ending.outcome is OutcomeWord.RETAINED for line in lines):
        yield words.kept_goes_by_itself
    if part is Part.REFUSED and any(line.ending.reason == "rejected" for line in lines):
        yield from _reasons(words.refusal_of_part, facts.refusals)


def _identity(facts: Facts, words: Words) -> str:
    if facts.identity_method is None or facts.identity_on is None:
        return words.identity_open if facts.closed is None else words.identity_none
    day = told_day(words, facts.identity_on)
    return words.identity.format(day=day, method=facts.identity_method)


def _disagree(facts: Facts, words: Words) -> Section:
    again = (
        f"{words.ask_again} {words.object.format(reference=case_number(facts.report.request_id))}"
    )
    if facts.contact:
        again = f"{again} {words.contact.format(contact=', '.join(facts.contact))}"
    court = words.court if facts.closed is not None else words.court_interim
    return Section(
        words.headings.disagree, (again, words.complaint), after=(court,), link=COMPLAINT_ADDRESS
    )
