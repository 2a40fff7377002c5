"""The package's values: formulas, flat rows, JSON, and the words of the page."""

from __future__ import annotations

import json

import pytest

from avgate_contracts.record import Json, WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Product
from avgate_gateway.formula import harmless
from avgate_gateway.package import Language, SystemOutcome, columns_of, flatten
from avgate_gateway.package.json_text import json_bytes
from avgate_gateway.package.readme import LANGUAGES
from avgate_gateway.package.spreadsheet import cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+31612345678", "'+31612345678"),
        ("-12,50", "'-12,50"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("|calc", "'|calc"),
        ("%0A=1+1", "'%0A=1+1"),
        ("＝1+1", "'＝1+1"),  # noqa: RUF001 -- the full-width sign is what is tested
        ("＋31", "'＋31"),  # noqa: RUF001 -- the full-width sign is what is tested
        ("－1", "'－1"),  # noqa: RUF001 -- the full-width sign is what is tested
        ("＠A1", "'＠A1"),  # noqa: RUF001 -- the full-width sign is what is tested
        ("\u22121", "'\u22121"),
        ("  =1", "'  =1"),
        ("\u200b=1", "'\u200b=1"),
        ("\t=1", "' =1"),
        ("\r=1", "' =1"),
        ("\nplain", "' plain"),
        ("a\r\n=1", "a  =1"),
        ("a=1", "a=1"),
        ("06-12345678", "06-12345678"),
        ("'=1", "'=1"),
        ("x;=1+1", "x;'=1+1"),
        ("x,=1+1;y", "x,'=1+1;y"),
        ('x";"=1+1', 'x";"\'=1+1'),
        ("x;\t=1", "x; '=1"),
        ("Jan, +31612345678", "Jan, '+31612345678"),
        ("a;＝1", "a;'＝1"),  # noqa: RUF001 -- the full-width sign is what is tested
        ("12,- per maand", "12,- per maand"),
        ("12,5; 06-12345678", "12,5; 06-12345678"),
        ("", ""),
        ("☎", "☎"),
    ],
)
def test_no_text_begins_a_formula(text: str, written: str) -> None:
    assert harmless(text) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-5, "-5"),
        (-0.5, "-0,5"),
        (False, "false"),
        (None, ""),
        (["=1", 2, None], "'=1; 2; null"),
        ([{"a": "=1"}], '[{"a": "=1"}]'),
        (["06-1", "+31612345678"], "06-1; '+31612345678"),
        ({}, "{}"),
    ],
)
def test_numbers_stay_numbers_and_lists_stay_one_cell(value: Json, written: str) -> None:
    assert cell(value, ",") == written


def test_flatten_names_every_value_once() -> None:
    record: dict[str, Json] = {"a": {"b": {"c": 1}, "d": []}, "a.b": 2, "e": {}, "f": [{"g": 1}]}
    flat = flatten(record)
    assert flat == {"a.b.c": 1, "a.d": [], "a\\.b": 2, "e": {}, "f": [{"g": 1}]}


def test_flatten_stops_at_eight_levels() -> None:
    deep: Json = 1
    for _ in range(12):
        deep = {"k": deep}
    assert isinstance(deep, dict)
    assert list(flatten(deep)) == [".".join("k" * 8)]


def test_what_json_cannot_hold_costs_no_record() -> None:
    assert json.loads(json_bytes({"a": "\ud800é", "b": float("inf")})) == {
        "a": "\ud800é",
        "b": "inf",
    }


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_word_of_ours_is_explained(language: Language) -> None:
    wording = LANGUAGES[language]
    assert set(wording.categories) == set(Category)
    assert set(wording.products) == set(Product)
    assert set(wording.outcomes) == set(SystemOutcome)
    assert set(wording.unseen) == set(WhyUnseen)
    assert set(wording.identifiers) == set(IdentifierKind)


@pytest.mark.parametrize(
    ("limit", "columns"),
    [
        (1, ("(other fields)",)),
        (2, ("a", "(other fields)")),
        (3, ("a", "b", "(other fields)")),
        (4, ("a", "b", "c", "d")),
    ],
)
def test_columns_are_bounded_and_the_same_in_one_go_or_one_by_one(
    limit: int, columns: tuple[str, ...]
) -> None:
    records: list[dict[str, Json]] = [{"a": 1}, {"b": 2, "c": 3, "a": 4}, {"d": 5}]
    one_by_one: tuple[str, ...] = ()
    for record in records:
        one_by_one = columns_of([record], one_by_one, limit=limit)
    assert one_by_one == columns_of(records, limit=limit) == columns
