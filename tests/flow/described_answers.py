"""Answers as they came, held against what the gateway's description says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import httpx

from ..contracts.gateway_document import DESCRIBED  # noqa: TID252 -- tests are no packages of one another

JSON = "application/json"


class Call(NamedTuple):
    """One kind of answer in the description."""

    method: str
    path: str
    status: str


def closed(schema: Any) -> Any:
    """The schema, refusing members that it does not name: callers have to expect those, tests not."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    named = schema.get("type") == "object" and "properties" in schema
    return {**inner, "additionalProperties": False} if named else inner


@dataclass
class Answers:
    """What was answered, in JSON and with success; `note` is a hook of httpx."""

    came: list[tuple[Call, Any]] = field(default_factory=list)
    _validators: dict[Call, Any] = field(default_factory=dict)

    @cached_property
    def document(self) -> dict[str, Any]:
        return dict(closed(json.loads(DESCRIBED.read_text("utf-8"))))

    @cached_property
    def schemas(self) -> dict[Call, Any]:
        """Of each answer with success in JSON."""
        return {
            Call(method.upper(), path, status): answer["content"][JSON]["schema"]
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            for status, answer in operation["responses"].items()
            if status.startswith("2") and JSON in answer.get("content", {})
        }

    async def note(self, answer: httpx.Response) -> None:
        await answer.aread()
        if answer.is_success and answer.headers.get("content-type") == JSON:
            self.came.append((self._call(answer), answer.json()))

    def of(self, path: str) -> list[Any]:
        return [told for call, told in self.came if call.path == path]

    def faults(self, call: Call, told: Any) -> Iterator[str]:
        """What the description does not allow."""
        if call not in self._validators:
            self._validators[call] = self._validator(self.schemas[call])
        for error in self._validators[call].iter_errors(told):
            yield f"{call}: {error.json_path}: {error.message[-200:]}"

    def _call(self, answer: httpx.Response) -> Call:
        method, asked = answer.request.method, answer.request.url.path
        [path] = (
            path
            for path, item in self.document["paths"].items()
            if method.lower() in item and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", path), asked)
        )
        return Call(method, path, str(answer.status_code))

    def _validator(self, schema: Any) -> Any:
        import jsonschema  # 4 s of work, which only the process that comes here is to do

        formats = jsonschema.FormatChecker(("date",))
        formats.checks("date-time", ValueError)(_is_moment)
        whole = {**schema, "components": self.document["components"]}
        return jsonschema.Draft202012Validator(whole, format_checker=formats)


def _is_moment(told: object) -> bool:
    return not isinstance(told, str) or datetime.fromisoformat(told).tzinfo is not None
