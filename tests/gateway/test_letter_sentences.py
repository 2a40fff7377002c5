"""No sentence of a letter is there for nothing: a table of letters says each of them, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Operation, Product
from avgate_gateway.letter import Facts, HandedOver, Recipient, System, Unlooked
from avgate_gateway.letter.dutch import DUTCH
from avgate_gateway.letter.english import ENGLISH
from avgate_gateway.letter.words import Words
from avgate_gateway.register import RegisterEntry
from avgate_gateway.register.entry import Role
from avgate_gateway.report import Ending, OutcomeWord, ReportLine
from avgate_gateway.request import Scope, WaitingFor
from avgate_gateway.retention.ground import GroundCode

from .letters import CLOSED, EARLIER, facts, line, text

LATER = date(2027, 2, 1)
WORDS = {"nl": DUTCH, "en": ENGLISH}
CONNECTORS = Path(__file__).parents[2] / "connectors"
# Set once for a whole letter, not in a section of it; and what only fills in a sentence.
ELSEWHERE = re.compile(
    r"^(tag|months\b.*|date|\w+_label|title_\w+|salutation|closing|subjects\b.*)$"
)


def letters() -> Iterator[Facts]:
    """One for each turn that the text can take."""
    yield facts()
    yield facts(identity_method=None)
    yield from (facts(operation=each, fields=tuple(Field)) for each in Operation)
    yield from _closed()
    yield from _open()
    yield from _outcomes()
    yield from _kept()
    yield from _elsewhere()


def _closed() -> Iterator[Facts]:
    for closing in ("not_relevant", "rejected", "cancelled", "ambiguous"):
        yield facts(closing=closing)
        yield facts(closing=closing, refusals=("because",))


def _open() -> Iterator[Facts]:
    for waits in (*WaitingFor, None):
        yield facts(closed=None, waiting_for=waits, extended=True, extension_reason="because")
    yield facts(
        line(OutcomeWord.PENDING), line(OutcomeWord.FAILED), closed=None, identity_method=None,
        systems={"operator": System("Operator", (Recipient("Operator", is_confirmed=False),))},
    )  # fmt: skip


def _outcomes() -> Iterator[Facts]:
    for outcome in OutcomeWord:
        for count in (1, 2):
            yield facts(line(outcome, count))
        yield facts(line(outcome), systems={"operator": System("Operator", done=(CLOSED, LATER))})
    yield facts(line(OutcomeWord.ERASED, delisted=True))
    yield facts(line(OutcomeWord.SCHEDULED, effective_from=LATER))
    yield facts(line(OutcomeWord.SCHEDULED, effective_from=LATER), operation=Operation.RECTIFY)
    yield facts(line(OutcomeWord.REFUSED, until=LATER))
    yield facts(line(OutcomeWord.REFUSED, reason="rejected"), refusals=("because",))
    for code in DUTCH.reasons:
        yield facts(line(OutcomeWord.FAILED, reason=code))
    for category in Category:
        for product in Product:
            ending = Ending(OutcomeWord.ERASED)
            yield facts(ReportLine("operator", category, product, ending, 1))


def _kept() -> Iterator[Facts]:
    grounds = [line(OutcomeWord.RETAINED, ground=code.value, until=LATER) for code in GroundCode]
    yield facts(*grounds)
    yield facts(line(OutcomeWord.RETAINED))
    yield facts(line(OutcomeWord.RETAINED, until=CLOSED), line(OutcomeWord.RETAINED, until=LATER))
    for word in (OutcomeWord.RETAINED, OutcomeWord.BY_HAND):
        for count in (1, 2):
            left = line(word, count, reason="left_earlier", left_by=EARLIER, until=LATER)
            yield facts(left, line(OutcomeWord.PROVIDED), operation=Operation.ACCESS)
    yield facts(line(OutcomeWord.DONE_BY_HAND), operation=Operation.EXPORT)


def _elsewhere() -> Iterator[Facts]:
    """Scope, parts that nobody looked into, recipients, copies sent on, and the register."""
    every = Scope(frozenset({"operator"}), frozenset(Category))
    yield replace(facts(), report=replace(facts().report, scope=every))
    parts = [Unlooked("A", why, tuple(IdentifierKind)) for why in WhyUnseen]
    parts.append(Unlooked("B", WhyUnseen.NO_INTERFACE, is_done=True))
    yield facts(systems={"operator": System("Operator", unlooked=parts)})
    gone = System("Operator", files_gone=2)
    yield facts(line(OutcomeWord.PROVIDED), operation=Operation.ACCESS, systems={"operator": gone})
    yield facts(systems={})
    sent = (HandedOver("A", CLOSED), HandedOver("B"), HandedOver("C", is_given_up=True))
    yield facts(operation=Operation.EXPORT, handed_over=sent)
    yield facts(providers=())
    for name in {**DUTCH.names, **ENGLISH.names}:
        yield facts(providers=[_entry(name, product) for product in Product])


def _entry(name: str, product: Product) -> RegisterEntry:
    return RegisterEntry("libervoice", name, Role.PROCESSOR, product, (), "", "", "", None)


def sentences(words: Words) -> Iterator[tuple[str, str]]:
    """Every sentence, under the path by which it is found."""
    yield from _below("", words)


def _below(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif is_dataclass(value):
        for each in fields(value):
            yield from _below(f"{path}.{each.name}".lstrip("."), getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _below(f"{path}.{key}", one)
    else:
        for number, one in enumerate(value):
            yield from _below(f"{path}.{number}", one)


def _shape(sentence: str) -> re.Pattern[str]:
    """The sentence with anything where something is filled in; the first letter may be a capital."""
    parts = re.split(r"\{\w+\}", sentence.strip())
    return re.compile(".*?".join(map(re.escape, parts)), re.IGNORECASE | re.DOTALL)


@pytest.fixture(scope="module", params=WORDS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_sentence_is_said_by_some_letter(language: str) -> None:
    said = "\n".join({text(each, language) for each in letters()})
    unsaid = [
        path
        for path, sentence in sentences(WORDS[language])
        if not ELSEWHERE.match(path) and not _shape(sentence).search(said)
    ]
    assert not unsaid


def test_no_letter_of_the_table_shows_a_code_or_a_gap(language: str) -> None:
    for each in letters():
        said = text(each, language)
        assert not re.search(r"\b[a-z0-9]+_[a-z0-9_]+\b|[{}]|\bNone\b|  |\.\.", said), said


def test_both_languages_have_the_same_sentences() -> None:
    """What the register and connectors call in English needs no English word."""
    dutch, english = (
        {path for path, _ in sentences(words) if not path.startswith("names.")}
        for words in WORDS.values()
    )
    assert dutch == english
    assert set(ENGLISH.names) <= set(DUTCH.names)


def test_whatever_our_connectors_refuse_or_leave_to_people_has_a_reason(language: str) -> None:
    codes = {code for path in CONNECTORS.glob("*/avgate_*/*.py") for code in _codes(path)}
    assert len(codes) > 10, "the codes are no longer found"
    assert codes <= set(WORDS[language].reasons), codes - set(WORDS[language].reasons)


def _codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        code = node.args[0]
        if name in {"Refused", "Unsupported"} and isinstance(code, ast.Constant):
            yield str(code.value)


def test_no_sentence_of_ours_is_long(language: str) -> None:
    """Reading level B1. A law's name in brackets, and what is filled in, is not ours to shorten."""
    for path, sentence in sentences(WORDS[language]):
        for one in re.split(r"[.?:!] ", re.sub(r"\([^)]*\)", "", sentence)):
            assert len(one.split()) <= 22, (path, one)
