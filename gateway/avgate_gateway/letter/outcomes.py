"""What became of the data, as rows of the letter's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Operation, Product
from avgate_gateway.case_number import case_number
from avgate_gateway.letter.facts import Facts, System
from avgate_gateway.letter.phrases import article, named, told_day
from avgate_gateway.letter.words import Words
from avgate_gateway.report import OutcomeWord, ReportLine
from avgate_gateway.request import COPIES
from avgate_gateway.retention.ground import GROUNDS, PART_OF_A_SERVICE, Ground, GroundCode


class Part(StrEnum):
    """Which table a line stands in, in the order of the letter."""

    DONE = "done"
    KEPT = "kept"
    OPEN = "open"
    EARLIER = "earlier"
    REFUSED = "refused"


_PARTS: Final[Mapping[OutcomeWord, Part]] = {
    OutcomeWord.PENDING: Part.OPEN,
    OutcomeWord.ERASED: Part.DONE,
    OutcomeWord.ANONYMISED: Part.DONE,
    OutcomeWord.ALREADY_GONE: Part.DONE,
    OutcomeWord.SCHEDULED: Part.DONE,
    OutcomeWord.RECTIFIED: Part.DONE,
    OutcomeWord.ALREADY_RIGHT: Part.DONE,
    OutcomeWord.PROVIDED: Part.DONE,
    OutcomeWord.RETAINED: Part.KEPT,
    OutcomeWord.BY_HAND: Part.OPEN,
    OutcomeWord.DONE_BY_HAND: Part.DONE,
    OutcomeWord.RETURNED: Part.OPEN,
    OutcomeWord.REFUSED: Part.REFUSED,
    OutcomeWord.FAILED: Part.OPEN,
    OutcomeWord.UNKNOWN: Part.OPEN,
    OutcomeWord.NOTHING_HELD: Part.DONE,
    OutcomeWord.NOTHING_IN_SCOPE: Part.DONE,
    OutcomeWord.NOT_RELEVANT: Part.REFUSED,
    OutcomeWord.NOT_SEARCHABLE: Part.REFUSED,
    OutcomeWord.NOT_DONE: Part.REFUSED,
    OutcomeWord.NOT_KEPT: Part.DONE,
    OutcomeWord.QUARANTINED: Part.DONE,
}
# What tells nothing of an item: the system was looked into, or could not be.
_OF_NO_ITEM: Final = frozenset(
    {
        OutcomeWord.NOTHING_HELD,
        OutcomeWord.NOTHING_IN_SCOPE,
        OutcomeWord.NOT_RELEVANT,
        OutcomeWord.NOT_SEARCHABLE,
        OutcomeWord.NOT_KEPT,
        OutcomeWord.QUARANTINED,
    }
)
# The kind of data, or the system, says already which product this is.
_SAID: Final = frozenset({Product.GENERAL, Product.DIRECTORY, Product.CLOUD})
_NOTHING: Final = "\N{EN DASH}"
_STAYS: Final = frozenset({Part.KEPT, Part.EARLIER})
_UNLOOKED: Final = frozenset(why.value for why in WhyUnseen)
_BY_SENTENCE: Final = {
    sentence: ground
    for ground in (*GROUNDS.values(), PART_OF_A_SERVICE)
    for sentence in (ground.sentence, ground.sentence_nl)
}


def part_of(line: ReportLine) -> Part:
    """Where a line stands; what an earlier erasure left is no work of this request, and not its copy."""
    if line.ending.left_by is not None:
        return Part.EARLIER
    return _PARTS[line.ending.outcome]


def tallies(lines: Sequence[ReportLine]) -> Mapping[Part, int]:
    """How many items stand in which table, in the order of the letter."""
    counts = dict.fromkeys(Part, 0)
    for line in lines:
        if line.category is not None and line.ending.outcome not in _OF_NO_ITEM:
            counts[part_of(line)] += line.count
    return {part: count for part, count in counts.items() if count}


def parts_of(lines: Sequence[ReportLine]) -> Mapping[Part, Sequence[ReportLine]]:
    """The lines by table; what only names a part that was not looked into stands elsewhere."""
    found: dict[Part, list[ReportLine]] = {part: [] for part in Part}
    for line in lines:
        if not _is_of_a_part(line):
            found[part_of(line)].append(line)
    return {part: some for part, some in found.items() if some}


def rows_of(
    facts: Facts, words: Words, part: Part, lines: Sequence[ReportLine]
) -> Iterator[tuple[str, ...]]:
    """One row for each system, kind of data and fate; what reads alike is counted together."""
    counts: dict[tuple[str, ...], int] = {}
    for some in _kept_alike(lines) if part in _STAYS else ([line] for line in lines):
        line = some[0]
        system = facts.systems.get(line.connector, System(line.connector))
        if part is Part.EARLIER:
            told = _left(words, some)
        else:
            told = _kept(words, some) if part is Part.KEPT else _fate(facts, words, system, line)
        cells = (named(words, facts.systems, line.connector), _data(words, line), told)
        # The number of a line without a kind of data counts answers, which says nothing to a person.
        count = sum(one.count for one in some) if line.category is not None else 0
        counts[cells] = counts.get(cells, 0) + count
    for (system_title, data, told), count in counts.items():
        yield (system_title, data, str(count) if count else _NOTHING, told)


def _kept_alike(lines: Sequence[ReportLine]) -> Iterable[Sequence[ReportLine]]:
    """Lines that stay for the same reason: they differ in their last day at most."""
    groups: dict[tuple[object, ...], list[ReportLine]] = {}
    for line in lines:
        ending = line.ending
        why = (ending.ground, ending.reason, ending.left_by, ending.outcome)
        groups.setdefault((line.connector, line.category, line.product, *why), []).append(line)
    return groups.values()


def _last_days(lines: Sequence[ReportLine]) -> tuple[date, date] | None:
    """The first and the last day on which something of it ends; None where one is not known."""
    days = [line.ending.until for line in lines]
    known = [day for day in days if day is not None and day != date.max]
    return (min(known), max(known)) if known and len(known) == len(days) else None


def _is_of_a_part(line: ReportLine) -> bool:
    return line.category is None and line.ending.reason in _UNLOOKED


def _data(words: Words, line: ReportLine) -> str:
    if line.category is None:
        return _NOTHING
    kind = words.categories[line.category]
    kind = f"{kind[0].upper()}{kind[1:]}"
    if line.product is None or line.product in _SAID or line.product.value == line.connector:
        return kind
    return f"{kind} ({words.products[line.product]})"


def _fate(facts: Facts, words: Words, system: System, line: ReportLine) -> str:
    ending = line.ending
    shape = words.outcomes[ending.outcome]
    if ending.delisted and ending.outcome is OutcomeWord.ERASED:
        shape = words.delisted
    if ending.outcome is OutcomeWord.SCHEDULED and facts.report.operation is Operation.RECTIFY:
        shape = words.correction_scheduled
    on = _on(words, system)
    begins = ending.effective_from
    effective = words.effective.format(day=told_day(words, begins)) if begins else ""
    sentences = [shape.format(**{"on": on, "from": effective}), *_more(facts, words, system, line)]
    return " ".join(dict.fromkeys(sentences))  # a reason may say what the outcome says


def _on(words: Words, system: System) -> str:
    if system.done is None:
        return ""
    first, last = (told_day(words, day) for day in system.done)
    return (words.on if first == last else words.between).format(first=first, last=last)


def _more(facts: Facts, words: Words, system: System, line: ReportLine) -> Iterator[str]:
    ending = line.ending
    is_open = part_of(line) is Part.OPEN
    if ending.outcome is OutcomeWord.DONE_BY_HAND and facts.report.operation in COPIES:
        yield words.not_in_copy
    if ending.outcome is OutcomeWord.PENDING and system.recipients and ending.reason is None:
        yield words.asked_unconfirmed
    why = words.reasons.get(ending.reason or "")
    if why is None and ending.outcome is OutcomeWord.REFUSED:
        why = words.no_reason  # Art. 12(4): no refusal without a reason
    if why is not None and not _is_to_come(line):
        yield why
    until = ending.until
    if ending.outcome is OutcomeWord.REFUSED and until is not None and until != date.max:
        yield words.not_before.format(day=told_day(words, until))
    if is_open and ending.outcome is not OutcomeWord.PENDING:
        due = system.by_hand_due or (facts.due if facts.closed is None else None)
        if due is not None:
            yield words.by.format(day=told_day(words, due))


def _is_to_come(line: ReportLine) -> bool:
    """Whether its code is of a plan, or of the whole request: the letter says that elsewhere."""
    is_planned = line.ending.outcome is OutcomeWord.PENDING and line.category is not None
    return is_planned or line.ending.outcome is OutcomeWord.NOT_DONE


def _left(words: Words, alike: Sequence[ReportLine]) -> str:
    """What is to become of what an earlier erasure left, and under which reference to ask for it."""
    ending = alike[0].ending
    by = words.earlier_left_by.format(reference=case_number(ending.left_by or ""))
    stays = ending.outcome is OutcomeWord.RETAINED
    return f"{by} {_kept(words, alike) if stays else words.earlier_by_hand}"


def _kept(words: Words, alike: Sequence[ReportLine]) -> str:
    line = alike[0]
    sentences = []
    ground = _ground(line)
    if ground is None:
        sentences.append(words.outcomes[OutcomeWord.RETAINED])
    else:
        sentences.append(ground.sentence_nl if words.tag == "nl" else ground.sentence)
    days = _last_days(alike)
    if days is None:
        sentences.append(words.kept_open)
    elif days[0] == days[1]:
        sentences.append(words.kept_until.format(day=told_day(words, days[0])))
    else:
        first, last = (told_day(words, day) for day in days)
        sentences.append(words.kept_between.format(first=first, last=last))
    if ground is not None:
        sentences.append(words.law.format(article=article(ground.article, words.tag)))
    return " ".join(sentences)


def _ground(line: ReportLine) -> Ground | None:
    """Why it stays: by its sentence, which tells apart what shares a code, or else by the code."""
    by_sentence = _BY_SENTENCE.get(line.ending.detail or "")
    if by_sentence is not None:
        return by_sentence
    codes = {code.value: code for code in GroundCode}
    code = codes.get(line.ending.ground or "")
    return GROUNDS[code] if code is not None else None
