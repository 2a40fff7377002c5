"""What a letter says of other companies: where nobody looked, who was told, who got a copy, who helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from avgate_contracts.vocabulary import Operation, Product
from avgate_gateway.letter.facts import Facts, Recipient
from avgate_gateway.letter.phrases import listed, told_day
from avgate_gateway.letter.section import Section, Table
from avgate_gateway.letter.words import Words
from avgate_gateway.register import RegisterEntry
from avgate_gateway.request import COPIES

_CHANGES: Final = frozenset({Operation.ERASE, Operation.RECTIFY})


def unlooked(facts: Facts, words: Words) -> Iterator[Section]:
    points = []
    for _, system in sorted(facts.systems.items()):
        for one in system.unlooked:
            shape = words.unlooked_done if one.is_done else words.unlooked[one.why]
            needs = listed([words.identifiers[kind] for kind in one.needs])
            told = shape.format(part=one.part, needs=needs)
            is_elsewhere = one.is_done and facts.report.operation in COPIES
            points.append(f"{told} {words.not_in_copy}" if is_elsewhere else told)
    if points:
        yield Section(words.headings.unlooked, points=tuple(points))


def recipients(facts: Facts, words: Words) -> Iterator[Section]:
    """Who was told of an erasure or a correction (GDPR Art. 19); of an open one, only who was."""
    if facts.report.operation not in _CHANGES:
        return
    points: dict[str, str] = {}
    for _, system in sorted(facts.systems.items()):
        parts = (Recipient(part.part) for part in system.unlooked if part.is_done)
        for one in (*system.recipients, *parts):
            points.setdefault(_called(one, words), _recipient(one, words))
    if points:
        yield Section(words.headings.recipients, (words.recipients,), tuple(points.values()))
    elif facts.closed is not None:
        yield Section(words.headings.recipients, (words.recipients_none,))


def _called(one: Recipient, words: Words) -> str:
    """A company by its name, and by the system that a person may know it by."""
    name, system = (words.names.get(known, known) for known in (one.name, one.system))
    is_said = system.casefold() in name.casefold()
    return name if is_said else f"{name} ({system})"


def _recipient(one: Recipient, words: Words) -> str:
    name = _called(one, words)
    return name if one.is_confirmed else f"{name}: {words.recipients_waiting}"


def handed_over(facts: Facts, words: Words) -> Iterator[Section]:
    points = []
    for one in facts.handed_over:
        shape = words.handed_over_failed if one.is_given_up else words.handed_over_waits
        day = ""
        if one.on is not None:
            shape, day = words.handed_over, told_day(words, one.on)
        points.append(shape.format(title=one.title, day=day))
    if points:
        yield Section(words.headings.handed_over, points=tuple(points))


def providers(facts: Facts, words: Words) -> Iterator[Section]:
    if facts.providers is None:
        return
    work: dict[str, dict[str, None]] = {}
    for entry in facts.providers:
        if entry.last_seen is None:
            name = words.names.get(entry.name, entry.name)
            work.setdefault(name, {})[_work(entry, words)] = None
    if not work:
        yield Section(words.headings.providers, (words.providers_none,))
        return
    rows = tuple((name, _listed(kinds)) for name, kinds in sorted(work.items(), key=_by_name))
    table = Table((words.columns.company, words.columns.work), rows, (50, 50))
    yield Section(words.headings.providers, (words.providers,), table=table)


def _work(entry: RegisterEntry, words: Words) -> str:
    """What it does by its kind of product; of the kind that says nothing, what it is for."""
    purpose = entry.purpose_nl if words.tag == "nl" else entry.purpose
    if entry.product_group is Product.GENERAL and purpose and not entry.provider:
        return f"{purpose[0].lower()}{purpose[1:]}"
    return words.products[entry.product_group]


def _listed(kinds: Iterable[str]) -> str:
    text = ", ".join(kinds)
    return f"{text[:1].upper()}{text[1:]}"


def _by_name(one: tuple[str, object]) -> str:
    return one[0].casefold()
