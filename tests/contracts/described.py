"""Upstreams as their OpenAPI files describe them, so that a call can be held against one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element

import yaml  # type: ignore[import-untyped]  # its stubs are one more package for three lines
from defusedxml.ElementTree import fromstring

Map = Mapping[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Exchange:
    """One call of a recording, and its answer."""

    method: str
    url: str
    sent_type: str
    sent: str
    status: int
    received_type: str
    received: str


@dataclass(frozen=True)
class Operation:
    """One operation of a description. `document` is what its references lead into."""

    name: str
    method: str
    pattern: re.Pattern[str]
    described: Map
    shared: Sequence[Map]
    document: Map
    is_recorded: bool = True

    def fits(self, exchange: Exchange) -> bool:
        path = urlsplit(exchange.url).path
        return exchange.method == self.method and self.pattern.fullmatch(path) is not None

    def faults(self, exchange: Exchange) -> Iterator[str]:
        """What the description does not allow; no value of the exchange is repeated."""
        yield from self._faults_of_query(exchange)
        answers = self.described["responses"]
        answer = answers.get(str(exchange.status)) or answers.get("default")
        if answer is None:
            yield f"status {exchange.status} is not described"
            return
        yield from self._faults_of_answer(self.resolved(answer), exchange)
        yield from self._faults_of_body(exchange)

    def parameters(self) -> list[Map]:
        own = (*self.shared, *self.described.get("parameters", ()))
        return [self.resolved(each) for each in own]

    def resolved(self, node: Map) -> Map:
        if "$ref" not in node:
            return node
        found: Any = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self.resolved(found)

    def _faults_of_query(self, exchange: Exchange) -> Iterator[str]:
        known = {each["name"]: each for each in self.parameters() if each["in"] == "query"}
        for name, value in parse_qsl(urlsplit(exchange.url).query):
            if name not in known and not self._filters(name):
                yield f"the query member {name} is not described"
            if name in known and "schema" in known[name]:
                yield from self._unfit(value, known[name]["schema"], f"query {name}")

    def _filters(self, name: str) -> bool:
        """TM Forum lets any member of a resource be asked for (TMF630, 3.3): `a.b=value`."""
        schema = self.resolved(self.described["responses"].get("200", {})).get("schema", {})
        row = self.resolved(schema.get("items", schema))
        return name.partition(".")[0] in row.get("properties", {})

    def _faults_of_answer(self, answer: Map, exchange: Exchange) -> Iterator[str]:
        content = answer.get("content", {})
        if "schema" in answer:  # Swagger 2
            content = {"application/json": answer}
        if not content:
            if exchange.received:
                yield f"an answer {exchange.status} has a body"
            return
        yield from self._faults_of_content(
            content, exchange.received_type, exchange.received, "answer"
        )

    def _faults_of_body(self, exchange: Exchange) -> Iterator[str]:
        content = self.resolved(self.described.get("requestBody", {})).get("content", {})
        bodies = [each for each in self.parameters() if each["in"] == "body"]  # Swagger 2
        if bodies:
            content = {"application/json": bodies[0]}
        if not content:
            if exchange.sent:
                yield "the call has a body"
            return
        yield from self._faults_of_content(content, exchange.sent_type, exchange.sent, "call")

    def _faults_of_content(self, content: Map, kind: str, text: str, whose: str) -> Iterator[str]:
        bare = kind.partition(";")[0].strip()
        found = content.get(bare) or content.get(f"{bare.partition('/')[0]}/*")
        if bare not in content and found is None:
            yield f"the {whose} is {bare or 'of no type'}"
            return
        schema = (found or {}).get("schema")
        if schema is not None:
            yield from self._unfit(self._value(bare, text, schema), schema, whose)

    def _value(self, kind: str, text: str, schema: Map) -> Any:
        if kind.endswith("xml"):
            return self._of_xml(fromstring(text.encode()), schema, is_root=True)
        if kind.endswith("urlencoded"):
            return dict(parse_qsl(text))
        return json.loads(text)

    def _of_xml(self, element: Element, schema: Map, *, is_root: bool = False) -> Any:
        """An element as the value that a schema with `xml` speaks of (OpenAPI 3.1, 4.8.26)."""
        schema = self.resolved(schema)
        if is_root and element.tag != schema.get("xml", {}).get("name"):
            return f"an element {element.tag}"
        match schema.get("type"):
            case "array":
                return [self._of_xml(child, schema["items"]) for child in element]
            case "object":
                return self._members(element, schema)
            case "boolean" if element.text in {"true", "false"}:
                return element.text == "true"
            case "integer" if re.fullmatch("[0-9]+", element.text or ""):
                return int(element.text or "")
        return (element.text or "").strip()

    def _members(self, element: Element, schema: Map) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for child in element:
            own = self.resolved(schema.get("properties", {}).get(child.tag, {}))
            if own.get("type") == "array" and not own.get("xml", {}).get("wrapped"):
                members.setdefault(child.tag, []).append(self._of_xml(child, own["items"]))
            else:
                members[child.tag] = self._of_xml(child, own)
        return members

    def _unfit(self, value: Any, schema: Map, whose: str) -> Iterator[str]:
        import jsonschema  # 4 s of work, which only the process that comes here is to do

        kind = (
            jsonschema.Draft4Validator
            if "swagger" in self.document
            else jsonschema.Draft202012Validator
        )
        for error in kind({**self.document, **schema}).iter_errors(value):
            yield f"{whose}: {error.json_path} does not fit {error.validator}"


def operations(path: Path) -> list[Operation]:
    """Every operation of an OpenAPI 3.1 or Swagger 2 file."""
    text = path.read_text("utf-8")
    document = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    server = document.get("basePath") or document["servers"][0]["url"]
    return [
        Operation(
            name=f"{path.name} {method.upper()} {template}",
            method=method.upper(),
            pattern=_pattern(item.get("servers", [{"url": server}])[0]["url"], template),
            described=item[method],
            shared=item.get("parameters", ()),
            document=document,
            is_recorded="x-not-recorded" not in item[method],
        )
        for template, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]


def _pattern(server: str, template: str) -> re.Pattern[str]:
    base = re.sub(r"^https?://[^/]*", "", server).rstrip("/")
    parts = re.split(r"\{[^}]*\}", base + template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def exchanges(cassette: Path) -> Iterator[Exchange]:
    for each in yaml.safe_load(cassette.read_text("utf-8"))["interactions"]:
        asked, answer = each["request"], each["response"]
        yield Exchange(
            method=asked["method"],
            url=asked["uri"],
            sent_type=_header(asked["headers"], "content-type"),
            sent=_text(asked["body"]),
            status=answer["status"]["code"],
            received_type=_header(answer["headers"], "content-type"),
            received=_text(answer["body"].get("string")),
        )


def _header(headers: Map, name: str) -> str:
    found = {key.lower(): value for key, value in headers.items()}.get(name, "")
    return found if isinstance(found, str) else next(iter(found), "")


def _text(body: object) -> str:
    if isinstance(body, bytes):
        return body.decode("utf-8", "replace")
    return "" if body is None else str(body)
