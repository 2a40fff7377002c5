"""Decides what a letter says: facts in, sections out, in the person's language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Operation
from avgate_gateway.case_number import case_number
from avgate_gateway.letter.dutch import DUTCH
from avgate_gateway.letter.english import ENGLISH
from avgate_gateway.letter.facts import Facts
from avgate_gateway.letter.outcomes import Part, parts_of, rows_of, tallies
from avgate_gateway.letter.phrases import listed, named, told_day, told_fields
from avgate_gateway.letter.words import Words
from avgate_gateway.report import COMPLAINT_ADDRESS, OutcomeWord
from avgate_gateway.request import WaitingFor

LANGUAGES: Final = {"nl": DUTCH, "en": ENGLISH}
_CHANGES: Final = frozenset({Operation.ERASE, Operation.RECTIFY})


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of as many cells; the column at `numbers` is set to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]  # in shares of the whole
    numbers: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the letter: a title, then what stands under it in this order."""

    title: str = ""
    paragraphs: Sequence[str] = ()
    points: Sequence[str] = ()
    table: Table | None = None
    after: Sequence[str] = ()
    link: str | None = None


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
            "sections": [_section_json(one) for one in self.sections],
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
        yield from _unlooked(facts, words)
        yield from _recipients(facts, words)
        yield from _handed_over(facts, words)
    yield from _providers(facts, words)
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
        paragraphs.append(words.closings.get(facts.closing, words.closings["cancelled"]))
        return Section("", tuple(paragraphs))
    paragraphs.append(words.here_is_the_answer if facts.closed else words.not_ready_yet)
    points = tuple(_in_short(facts, words))
    if points:
        paragraphs.append(words.in_short)
    after = (words.copy,) if facts.closed and _is_copied(facts) else ()
    return Section("", tuple(paragraphs), points, after=after)


def _is_copied(facts: Facts) -> bool:
    return any(line.ending.outcome is OutcomeWord.PROVIDED for line in facts.report.lines)


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
    if not counted and facts.closed is not None:
        yield words.nothing_found


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
        Part.REFUSED: (headings.refused, columns.refused),
    }
    if facts.waiting_for is WaitingFor.IDENTITY:
        return
    for part, lines in parts_of(facts.report.lines).items():
        title, last = titles[part]
        rows = tuple(rows_of(facts, words, part, lines))
        heads = (columns.system, columns.data, columns.count, last)
        after = (words.kept_goes_by_itself,) if part is Part.KEPT else ()
        yield Section(title, table=Table(heads, rows, (20, 27, 10, 43), 2), after=after)


def _unlooked(facts: Facts, words: Words) -> Iterator[Section]:
    points = []
    for _, system in sorted(facts.systems.items()):
        for one in system.unlooked:
            shape = words.unlooked_done if one.is_done else words.unlooked[one.why]
            needs = listed([words.identifiers[kind] for kind in one.needs])
            points.append(shape.format(part=one.part, needs=needs))
    if points:
        yield Section(words.headings.unlooked, points=tuple(points))


def _recipients(facts: Facts, words: Words) -> Iterator[Section]:
    """Who was told of an erasure or a correction (GDPR Art. 19); of an open one, only who was."""
    if facts.report.operation not in _CHANGES:
        return
    informing = [(name, one) for name, one in sorted(facts.systems.items()) if one.informs]
    points = [_recipient(facts, words, name) for name, one in informing if one.told]
    points += [part.part for _, one in informing for part in one.unlooked if part.is_done]
    if points:
        yield Section(words.headings.recipients, (words.recipients,), tuple(points))
    elif facts.closed is not None:
        yield Section(words.headings.recipients, (words.recipients_none,))


def _recipient(facts: Facts, words: Words, name: str) -> str:
    waits = any(
        line.connector == name
        for line in parts_of(facts.report.lines).get(Part.OPEN, ())
        if line.ending.reason is None
    )
    title = named(words, facts.systems, name)
    return f"{title} ({words.recipients_waiting})" if waits else title


def _handed_over(facts: Facts, words: Words) -> Iterator[Section]:
    points = []
    for one in facts.handed_over:
        shape = words.handed_over_failed if one.is_given_up else words.handed_over_waits
        day = ""
        if one.on is not None:
            shape, day = words.handed_over, told_day(words, one.on)
        points.append(shape.format(title=one.title, day=day))
    if points:
        yield Section(words.headings.handed_over, points=tuple(points))


def _providers(facts: Facts, words: Words) -> Iterator[Section]:
    if facts.providers is None:
        return
    work: dict[str, dict[str, None]] = {}
    for entry in facts.providers:
        if entry.last_seen is None:
            name = words.names.get(entry.name, entry.name)
            work.setdefault(name, {})[words.products[entry.product_group]] = None
    if not work:
        yield Section(words.headings.providers, (words.providers_none,))
        return
    rows = tuple((name, ", ".join(kinds)) for name, kinds in sorted(work.items(), key=_by_name))
    table = Table((words.columns.company, words.columns.work), rows, (50, 50))
    yield Section(words.headings.providers, (words.providers,), table=table)


def _by_name(one: tuple[str, object]) -> str:
    return one[0].casefold()


def _identity(facts: Facts, words: Words) -> str:
    if facts.identity_method is None or facts.identity_on is None:
        return words.identity_open
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


def _section_json(one: Section) -> dict[str, Json]:
    table: Json = None
    if one.table is not None:
        table = {
            "columns": [*one.table.columns],
            "rows": [[*row] for row in one.table.rows],
            "widths": [*one.table.widths],
            "numbers": one.table.numbers,
        }
    return {
        "title": one.title,
        "paragraphs": [*one.paragraphs],
        "points": [*one.points],
        "table": table,
        "after": [*one.after],
        "link": one.link,
    }
