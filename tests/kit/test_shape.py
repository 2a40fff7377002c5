"""What changed in what an upstream answers, named member by member."""

import json
from datetime import UTC, datetime
from typing import Any

from avgate_contracts.kit.shape import differences, shape_of
from avgate_contracts.kit.tape import Interaction, Meta, Tape

META = Meta.of(datetime(2026, 3, 2, tzinfo=UTC), "1.0", "acme", "access")


def tape(*answers: Any, path: str = "/people/7a", kind: str = "application/json") -> Tape:
    bodies = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in answers)
    return Tape(META, tuple(
        Interaction("GET", f"http://a.example{path}", {}, b"", 200, {"content-type": kind}, body)
        for body in bodies
    ))  # fmt: skip


def told(old: Tape, new: Tape) -> list[str]:
    return [str(change) for change in differences(shape_of(old), shape_of(new))]


def test_a_renamed_member_and_another_type_are_named_exactly() -> None:
    old = tape({"items": [{"name": "a", "n": 1}], "next": 2})
    new = tape({"items": [{"fullName": "a", "n": 1}], "next": "2"})
    assert told(old, new) == [
        "GET /people/* 200: items[].fullName appeared (string)",
        "GET /people/* 200: items[].name vanished",
        "GET /people/* 200: next was integer and is string",
    ]


def test_other_values_are_no_change() -> None:
    assert told(tape({"a": [1, 2], "b": "x"}), tape({"b": "", "a": [3]}, path="/people/8b")) == []


def test_what_was_only_seen_empty_says_nothing() -> None:
    full, empty = tape({"items": [{"a": [{"b": 1}]}]}), tape({"items": []})
    assert told(full, empty) == told(empty, full) == []


def test_a_member_that_may_be_missing_or_null_is_known_from_other_answers() -> None:
    old = tape([{"a": 1, "b": None}, {"b": "x"}])
    assert told(old, tape([{"a": 1, "b": "y"}])) == []
    assert told(tape([{"b": "x"}]), tape([{"b": None}])) == [
        "GET /people/* 200: body[].b was string and is null"
    ]
    assert told(tape({"a": 1.5}), tape({"a": 2})) == []


def test_a_call_that_is_new_or_gone_is_named() -> None:
    assert told(tape(1, path="/a"), tape(1, path="/b")) == [
        "GET /a 200: is gone",
        "GET /b 200: is new",
    ]


def test_names_that_are_data_are_not_told() -> None:
    assert told(tape({}), tape({"fleur@kpn.nl": 1})) == ["GET /people/* 200: * appeared (integer)"]


def test_the_shape_of_xml_has_elements_and_attributes() -> None:
    old, new = b"<L><N>1</N><Zip/></L>", b'<L xmlns="urn:x"><N of="a">1</N><Zip>2</Zip></L>'
    assert told(tape(old, kind="application/xml"), tape(new, kind="application/xml")) == [
        "GET /people/* 200: L.N@of appeared (string)"
    ]


def test_another_kind_of_body_is_a_change() -> None:
    assert told(tape({"a": 1}), tape(b"<!doctype html><p>x", kind="text/html")) == [
        "GET /people/* 200: a vanished",
        "GET /people/* 200: body was object and is page",
    ]
