"""The page at `/docs`: the API's description as plain HTML, without scripts or any third party."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from avgate_gateway.problem import TYPES

Schema = Mapping[str, Any]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{font:.9em ui-monospace,monospace;background:#f2f2f2;padding:0 .2em}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3em;"
    "text-align:left;vertical-align:top}h3{margin-top:2em;border-top:2px solid #ccc}"
)
_STYLE_DIGEST = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: nothing but its own style."""

_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minimum": "from {}",
    "maximum": "to {}",
    "exclusiveMaximum": "below {}",
    "pattern": "written as {}",
    "format": "{}",
}


def page(described: Schema) -> str:
    """The whole page, from an OpenAPI 3.1 document."""
    info = described["info"]
    title = html.escape(info["title"])
    return "".join(
        (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>',
            f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>',
            f"<h1>{title}</h1>",
            *_text(info["description"]),
            '<p>For programs: <a href="/openapi.json">openapi.json</a></p>',
            *_operations(described["paths"]),
            *_schemas(described["components"]["schemas"]),
            *_problems(),
        )
    )


def _text(markdown: str) -> Iterator[str]:
    """Paragraphs, headings with an anchor, and code: what our descriptions use of Markdown."""
    for block in markdown.strip().split("\n\n"):
        if block.startswith("## "):
            yield _heading(block.removeprefix("## "))
        else:
            yield f"<p>{_line(block)}</p>"


def _heading(text: str) -> str:
    anchor = re.sub(r"[^a-z]+", "-", text.lower())
    return f'<h2 id="{anchor}">{html.escape(text)}</h2>'


def _line(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _operations(paths: Mapping[str, Schema]) -> Iterator[str]:
    yield _heading("Calls")
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield f'<h3 id="{operation["operationId"]}">{_code(f"{method.upper()} {path}")}</h3>'
            yield f"<p>{_line(operation['summary'])}</p>"
            yield from _operation(operation)


def _operation(operation: Schema) -> Iterator[str]:
    for way in operation.get("security", ()):
        yield f"<p>Scope: {_scopes(way['bearer'], operation.get('x-avgate-scope'))}</p>"
    given = operation.get("parameters", ())
    yield from _table(
        (f"{_code(one['name'])} ({one['in']})", _kind(one["schema"]), _about(one)) for one in given
    )
    if "requestBody" in operation:
        yield f"<p>Body: {_content(operation['requestBody'])}</p>"
    for status, answer in operation["responses"].items():
        content = _content(answer) or ""
        yield f"<p>{_code(status)} {_line(answer['description'])} {content}</p>"


def _scopes(named: Sequence[str], more: str | None) -> str:
    words = [_code(name) for name in named] + ([f"that {more}"] if more else [])
    return " and ".join(words) or "any"


def _content(body: Schema) -> str:
    parts = body.get("content", {}).items()
    return "; ".join(
        f"{_code(media_type)} {_kind(part.get('schema', {}))}" for media_type, part in parts
    )


def _schemas(schemas: Mapping[str, Schema]) -> Iterator[str]:
    yield _heading("Bodies")
    for name, schema in schemas.items():
        yield f'<h3 id="{name}">{_code(name)}</h3><p>{_about(schema)}</p>'
        required = schema.get("required", ())
        yield from _table(
            (
                _code(field),
                _kind(inner),
                ("required. " if field in required else "") + _about(inner),
            )
            for field, inner in schema.get("properties", {}).items()
        )
        if "enum" in schema or "oneOf" in schema:
            yield f"<p>{_kind(schema)}</p>"


def _problems() -> Iterator[str]:
    yield _heading("Problems")
    rows = (
        (f'<span id="{kind.slug}">{_code(kind.slug)}</span>', str(kind.status), kind.title,
         kind.next_step)
        for kind in TYPES
    )  # fmt: skip
    yield from _table(rows)


def _table(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    if lines:
        yield "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _kind(schema: Schema) -> str:
    """What a value may be, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_kind(one) for one in schema.get("anyOf", schema.get("oneOf")))
    if "enum" in schema or "const" in schema:
        return ", ".join(_code(one) for one in schema.get("enum", [schema.get("const")]))
    words: list[str] = [schema.get("type", "anything")]
    words += [said.format(_code(schema[name])) for name, said in _LIMITS.items() if name in schema]
    of = f" of {_kind(schema['items'])}" if "items" in schema else ""
    return words[0] + of + "".join(f", {word}" for word in words[1:])


def _about(schema: Schema) -> str:
    return _line(schema.get("description", ""))


def _code(value: object) -> str:
    return f"<code>{html.escape(str(value))}</code>"
