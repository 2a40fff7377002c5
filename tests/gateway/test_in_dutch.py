"""What is recorded in English is told in Dutch to whoever reads Dutch."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import avgate_gateway
from avgate_contracts.record import WhyUnseen
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.ending import detail, left_earlier
from avgate_gateway.flow.looking import obstacle
from avgate_gateway.in_dutch import told, translated
from avgate_gateway.retention.ground import GROUNDS
from avgate_gateway.store.earlier import LeftEarlier
from avgate_gateway.store.tasks import Stage, Task, TaskCode
from avgate_gateway.store.unseen import UnseenPart

NEEDS = UnseenPart("Gids", WhyUnseen.OTHER_IDENTIFIER, (IdentifierKind.EMAIL, IdentifierKind.PHONE))
DAYS = UnseenPart("Gids", WhyUnseen.DAYS_UNKNOWN, (IdentifierKind.PHONE,))
LEFT = LeftEarlier("8f14", Category.RECORDING, Product.XELION, False, None, None, 2)
BY_HAND = UnseenPart("Gids", WhyUnseen.NO_INTERFACE)
QUOTED = "in het Engels"


class Nobody:
    """A connector that can do nothing."""

    manifest: Any = SimpleNamespace(not_relevant={})


def sentences() -> set[str]:
    """Every text in the gateway's code but in the table that translates them."""
    pages = Path(avgate_gateway.__file__).parent.rglob("*.py")
    trees = (ast.parse(page.read_text()) for page in pages if page.name != "in_dutch.py")
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_every_sentence_that_is_translated_is_one_that_is_said() -> None:
    says = sentences()
    to_do = {f"there is no interface to {operation.value} here" for operation in Operation}
    assert [each for each in translated() if each not in says | to_do] == []


@pytest.mark.parametrize("operation", ["access", "export", "erase", "rectify"])
def test_what_stands_in_the_way_of_a_look_is_told_in_dutch(operation: str) -> None:
    subject = DataSubject("s", ())
    found = obstacle(Nobody(), Operation(operation), subject)  # type: ignore[arg-type]  # as little as it takes
    assert found is not None
    in_dutch = told(found[1], found[0], "nl") or ""
    assert in_dutch.startswith("er is hier geen koppeling")
    assert QUOTED not in in_dutch


@pytest.mark.parametrize("part", [NEEDS, DAYS, BY_HAND, replace(BY_HAND, is_done=True)])
def test_a_part_that_nobody_looked_into_is_named_in_dutch(part: UnseenPart) -> None:
    in_dutch = told(detail(part), part.why, "nl") or ""
    assert "Gids" in in_dutch
    assert QUOTED not in in_dutch
    assert ("e-mailadres, telefoonnummer" in in_dutch) is (part is NEEDS)
    assert ("telefoonnummer" in in_dutch) is (part in {NEEDS, DAYS})


@pytest.mark.parametrize("left", [LEFT, replace(LEFT, is_retained=True)])
def test_what_an_earlier_erasure_left_is_told_in_dutch_with_its_request(left: LeftEarlier) -> None:
    task = Task("r", "xelion", Stage.DONE, 0, datetime.now(UTC), left_earlier=(left,))
    [(_, ending)] = left_earlier(task)
    in_dutch = told(ending.detail, ending.reason, "nl") or ""
    assert "verzoek 8f14" in in_dutch
    assert QUOTED not in in_dutch


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=lambda ground: ground.code)
def test_a_ground_is_told_in_dutch(ground: Any) -> None:
    assert told(ground.sentence, ground.code, "nl") == ground.sentence_nl


def test_what_the_flow_itself_says_became_of_something_is_told_in_dutch() -> None:
    pages = (Path(avgate_gateway.__file__).parent / "flow").rglob("*.py")
    calls = [
        n
        for page in pages
        for n in ast.walk(ast.parse(page.read_text()))
        if isinstance(n, ast.Call)
    ]
    said = [
        call.args[-1].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in {"Failed", "Unknown"}
        and call.args and isinstance(call.args[-1], ast.Constant)
    ]  # fmt: skip
    assert len(said) >= 4
    assert [text for text in said if QUOTED in (told(str(text), None, "nl") or "")] == []


def test_two_sentences_of_ours_are_both_told_in_dutch() -> None:
    both = "it holds neither the old nor the new value; what fits in its other fields was not changed either"
    in_dutch = told(both, "differs", "nl") or ""
    assert "niet de nieuwe waarde; wat in de andere velden" in in_dutch
    assert QUOTED not in in_dutch


@pytest.mark.parametrize("code", [*TaskCode, "service_runs", "a_code_of_its_own", None])
def test_what_a_connector_says_is_quoted_behind_a_dutch_sentence(code: str | None) -> None:
    in_dutch = told("the bill is disputed", code, "nl") or ""
    lead, _, quoted = in_dutch.partition(f"; de melding zelf, {QUOTED}: ")
    assert lead
    assert quoted == '"the bill is disputed"'


@pytest.mark.parametrize("language", ["en", "de"])
def test_in_other_languages_it_is_told_as_it_was_recorded(language: str) -> None:
    assert told("the bill is disputed", None, language) == "the bill is disputed"
    assert told(None, None, "nl") is None
