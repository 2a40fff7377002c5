"""The gateway's description is that of the code, and breaks no promise of the last release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from .breaking import breaking
from .gateway_document import DESCRIBED, OPENAPI, text

RELEASED = sorted((OPENAPI / "released").glob("gateway-*.json"))


def test_the_file_says_what_the_code_says() -> None:
    said = DESCRIBED.read_text("utf-8")
    assert json.loads(said) == json.loads(text()), "run: python tests/contracts/gateway_document.py"
    assert said == text()


def test_nothing_is_broken_for_callers_of_the_last_release() -> None:
    released = json.loads(RELEASED[-1].read_text("utf-8"))
    assert breaking(released, json.loads(DESCRIBED.read_text("utf-8"))) == []


def document(
    body: Mapping[str, Any] | None = None, answer: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """One call, with a body and an answer of these schemas."""
    operation: dict[str, Any] = {
        "responses": {"200": {"content": {"application/json": {"schema": answer or {}}}}},
        **more,
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}},
        }
    return {"paths": {"/a": {"post": operation}}, "components": {"schemas": {"Body": body or {}}}}


def shape(*required: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
MAYBE = {"anyOf": [TEXT, {"type": "null"}]}
OLD = shape("a", a=TEXT, b=TEXT)
PARAMETER = {"name": "p", "in": "query", "schema": TEXT}


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        (document(), {"paths": {}}, "/a: the path is gone"),
        (document(), {"paths": {"/a": {}}}, "POST /a: the method is gone"),
        (document(OLD), document(), "the body is gone"),
        (document(), document(OLD), "a body has become required"),
        (document(OLD), document(shape("a", "b", a=TEXT, b=TEXT)), "body.b has become required"),
        (document(OLD), document(shape("a", a=TEXT)), "body.b is no longer accepted"),
        (document(OLD), document(shape("a", a=NUMBER, b=TEXT)), "body.a may no longer be string"),
        (document(shape(a={})), document(shape(a=TEXT)), "body.a may no longer be anything"),
        (document(shape(a=MAYBE)), document(shape(a=TEXT)), "alternative 2 is no longer accepted"),
        (document(OLD), document(shape("a", a={**TEXT, "maxLength": 9}, b=TEXT)), "maxLength"),
        (
            document(shape(a={**NUMBER, "minimum": 1})),
            document(shape(a={**NUMBER, "minimum": 2})),
            "tighter minimum",
        ),
        (
            document(shape(a={**TEXT, "pattern": "a"})),
            document(shape(a={**TEXT, "pattern": "b"})),
            "another pattern",
        ),
        (
            document(shape(a={"enum": ["x", "y"]})),
            document(shape(a={"enum": ["x"]})),
            "body.a takes fewer values",
        ),
        (document(shape(a=TEXT)), document(shape(a={**TEXT, "enum": ["x"]})), "fewer values"),
        (
            document(shape(a={"type": "array", "items": TEXT})),
            document(shape(a={"type": "array", "items": NUMBER})),
            "body.a[] may no longer be string",
        ),
        (document(answer=OLD), document(answer=shape("a", a=TEXT)), "answer 200.b is gone"),
        (document(answer=OLD), document(answer=shape(a=TEXT, b=TEXT)), "a may now be missing"),
        (document(answer=OLD), document(answer=shape("a", a=NUMBER, b=TEXT)), "may now be integer"),
        (
            document(answer={"type": "array", "items": OLD}),
            document(answer={"type": "array", "items": shape("a", a=TEXT)}),
            "answer 200[].b is gone",
        ),
        (document(), document(responses={"202": {}}), "the answer 200 is gone"),
        (document(), document(responses={"200": {"content": {}}}), "no longer application/json"),
        (document(parameters=[PARAMETER]), document(), "query p is gone"),
        (document(), document(parameters=[{**PARAMETER, "required": True}]), "become required"),
        (
            document(parameters=[PARAMETER]),
            document(parameters=[{**PARAMETER, "schema": NUMBER}]),
            "query p may no longer be string",
        ),
        (
            document(security=[{"bearer": ["read"]}]),
            document(security=[{"bearer": ["read", "admin"]}]),
            "more is asked",
        ),
    ],
)
def test_what_would_break_a_caller_is_found(
    old: Mapping[str, Any], new: Mapping[str, Any], broken: str
) -> None:
    (line,) = breaking(old, new)
    assert broken in line
    assert breaking(old, old) == breaking(new, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (document(OLD), document(shape("a", a=TEXT, b=TEXT, c=TEXT))),
        (document(OLD), document(shape(a=TEXT, b=TEXT))),
        (document(shape(a=TEXT)), document(shape(a=MAYBE))),
        (document(shape(a={"enum": ["x"]})), document(shape(a={"enum": ["x", "y"]}))),
        (document(shape(a=NUMBER)), document(shape(a={"type": ["integer", "string"]}))),
        (document(shape(a=NUMBER)), document(shape(a={"type": "number"}))),
        (document(answer=OLD), document(answer=shape("a", "b", a=TEXT, b=TEXT, c=NUMBER))),
        (document(), document(parameters=[PARAMETER])),
        (document(parameters=[{**PARAMETER, "required": True}]), document(parameters=[PARAMETER])),
        (
            document(security=[{"bearer": ["a", "b"]}]),
            document(security=[{"bearer": ["a"]}]),
        ),
    ],
)
def test_what_is_only_added_breaks_nobody(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    assert breaking(old, new) == []
