"""Every word that a page may say: what templates hold, and what the code hands them."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract

from avgate_gateway.console import labels, plainly, wrongs
from avgate_gateway.problem import MALFORMED_REQUEST, Problem

CONSOLE = Path(labels.__file__).parent
_OPTIONS = {"trimmed": "false", "newstyle_gettext": "true"}
_SAID_BY = frozenset({"_refused", "_approval", "Problem", "Place"})


def messages() -> Iterator[str | tuple[str, ...]]:
    """What is looked up in a catalogue; a pair is a singular and its plural."""
    for template in sorted((CONSOLE / "templates").glob("*.html")):
        yield from _in_template(template)
    for label in labels.ALL:
        yield from label.values()
    for one in (*wrongs.EXPLAINED.values(), wrongs.explained(Problem(MALFORMED_REQUEST))):
        yield from (one.title, one.next_step)
    yield from (sentence for _, sentence in plainly.PLAINLY)
    yield plainly.plainly("?")
    yield from _in_code(CONSOLE.parent / "deciding.py")
    yield from _in_code(CONSOLE.parent / "api" / "tasks.py")
    yield from _in_code(CONSOLE.parent / "api" / "webhooks.py")
    for module in sorted(CONSOLE.glob("*.py")):
        yield from _in_code(module)


def _in_template(path: Path) -> Iterator[str | tuple[str, ...]]:
    source = io.BytesIO(path.read_bytes())
    found = extract("jinja2.ext:babel_extract", source, options=_OPTIONS)
    for _, message, _, _ in found:
        yield message


def _in_code(path: Path) -> Iterator[str]:
    """Sentences that are handed to a page: the texts of problems, and of lists named so."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _SAID_BY:
                yield from _texts(arguments[1:])
            case ast.Call(func=ast.Name(id="_wrong_state"), args=arguments):
                yield from _texts(arguments)
            case ast.Assign(
                targets=[ast.Name(id="PILES" | "PERIODS" | "TOLD")], value=ast.Dict(values=values)
            ):
                yield from _texts(values)
            case ast.Assign(targets=[ast.Name(id="_USED" | "_WHY")], value=text):
                yield from _texts([text])
            case ast.Call(func=ast.Name(id="Step"), args=arguments):
                yield from _texts(arguments)
            case ast.Assign(
                targets=[ast.Name(id="_COPY" | "_PLANNED")], value=ast.Tuple(elts=elts)
            ):
                yield from _texts(elts)


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        ) or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value[:1].isupper()
        ):
            yield node.value
