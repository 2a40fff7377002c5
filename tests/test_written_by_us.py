"""Every pattern, and every text that something is put into, was written by us: none is input.

What can be seen where it stands passes by itself: a literal, a constant, what goes through `re.escape`,
a looked-up literal, a wording of a letter or a copy. Everything else was looked at by somebody, and
stands in a list here with where it comes from.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
from jinja2 import nodes

from avgate_gateway.console.drawing import environment

ROOT = Path(__file__).parents[1]
PACKAGES = ("contracts", "client", "gateway", "mocks", "connectors/*")
_TAKING = frozenset(
    {"compile", "findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}
)
_OF_STRING = frozenset({"Template", "ascii_letters", "ascii_uppercase", "digits"})
_LOOKING_UP = frozenset({"_", "gettext", "ngettext", "npgettext", "pgettext"})
_WORDINGS = frozenset({"words", "wording"})  # classes of literals, one for each language
Found = Callable[[ast.Module], Iterator[ast.expr]]

# What was looked at: the module and the text, and where that comes from.
PATTERNS: Mapping[tuple[str, str], str] = {
    ("avgate_contracts.identifier", "pattern"): "literals, in the calls beside it",
    ("avgate_contracts.kit.alteration", "b'(</?' + tag + b')(?=[\\\\s>/])'"): "a tag's own letters",
    (
        "avgate_contracts.kit.alteration",
        "b'|'.join((re.escape(each.encode()) for each in longest)) or b'(?!)'",
    ): "escaped, each",
    (
        "avgate_contracts.kit.pattern",
        "'|'.join(named).replace('\\\\d', '[0-9]')",
    ): "literals, by name",
    ("avgate_gateway.console.plainly", "pattern"): "literals, in the table below it",
    ("avgate_gateway.console.stalled", "shape"): "literals, in the table below it",
}  # fmt: skip
TEMPLATES: Mapping[tuple[str, str], str] = {
    ("avgate_contracts.kit.scaffold.template", "place"): "the name of a file of the kit's own",
    (
        "avgate_contracts.kit.scaffold.template",
        "''.join((f'{line}\\n' for line in lines))",
    ): "such a file",
    ("avgate_gateway.api.documentation", "said"): "literals, in a table above",
    ("avgate_gateway.cli.standard_error", "self"): "a handler's `format`, which is of no text",
    ("avgate_gateway.console.stalled", "dutch"): "literals, in a table above",
    ("avgate_gateway.in_dutch", "dutch"): "literals, in a table above",
    ("avgate_gateway.letter.content", "shape"): "a wording, in both calls",
    ("avgate_gateway.letter.content", "several"): "a wording",
    ("avgate_gateway.letter.others", "shape"): "a wording",
    ("avgate_gateway.letter.outcomes", "shape"): "a wording",
    ("avgate_gateway.package.readme", "says"): "a wording",
    (
        "avgate_gateway.phrase",
        "_PHRASES.get(error_type, 'is not valid')",
    ): "literals, in a table above",
}  # fmt: skip


@cache
def modules() -> Mapping[str, ast.Module]:
    """Each of our modules by its name; read when a test asks, and not by whoever collects tests."""
    return dict(_sources())


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in (found for one in PACKAGES for found in ROOT.glob(f"{one}/avgate_*")):
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            yield ".".join(parts), ast.parse(path.read_text("utf-8"))


def patterns(tree: ast.Module) -> Iterator[ast.expr]:
    """Every text that is read as a pattern, by `re` or by pydantic."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)):
                if name in _TAKING:
                    yield node.args[0]
            case ast.Call():
                yield from (one.value for one in node.keywords if one.arg == "pattern")


def templates(tree: ast.Module) -> Iterator[ast.expr]:
    """Every text that something is put into by `format` or a `Template`, or by `%` with more than one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=text, attr="format" | "format_map")):
                yield text
            case ast.Call(func=ast.Name(id="Template"), args=[text, *_]):
                yield text
            case ast.BinOp(
                left=text, op=ast.Mod(), right=ast.Dict() | ast.DictComp() | ast.Tuple()
            ):
                yield text


def is_ours(node: ast.expr) -> bool:
    """Whether it can be seen here that it was written by us."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr="escape")) | ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.Attribute(value=ast.Name(id=name)):
            return name in _WORDINGS
    parts = _parts(node)
    return bool(parts) and all(map(is_ours, parts))


def _parts(node: ast.expr) -> Sequence[ast.expr]:
    """What a text is put together of, or is one of."""
    match node:
        case ast.JoinedStr(values=parts):
            return parts
        case ast.BinOp(left=one, op=ast.Add(), right=other) | ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.FormattedValue(value=part) | ast.Subscript(value=part):
            return [part]
        case ast.Call(func=ast.Name(id="gettext"), args=[part]):
            return [part]
    return []


def foreign(tree: ast.Module, found: Found) -> set[str]:
    return {ast.unparse(one) for one in found(tree) if not is_ours(one)}


@pytest.mark.parametrize(
    ("found", "seen", "least"), [(patterns, PATTERNS, 150), (templates, TEMPLATES, 30)]
)
def test_every_one_is_ours_or_was_looked_at(
    found: Found, seen: Mapping[tuple[str, str], str], least: int
) -> None:
    there = {(name, text) for name, tree in modules().items() for text in foreign(tree, found)}

    assert sum(len(list(found(tree))) for tree in modules().values()) > least
    assert there - seen.keys() == set(), "look at it, and say in the list where it comes from"
    assert seen.keys() - there == set(), "it is there no more: take it out of the list"


def test_patterns_and_templates_come_in_by_the_names_that_are_looked_for() -> None:
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in {"re", "string"}:
                taken = {one.name for one in node.names}
                assert taken <= (_OF_STRING if node.module == "string" else set()), name


def test_a_page_looks_up_nothing_but_its_own_words() -> None:
    """A looked-up text is a format and HTML to Jinja: what a page is handed goes through `worded`."""
    drawn = environment("en")
    assert drawn.loader is not None
    for name in drawn.list_templates():
        tree = drawn.parse(drawn.loader.get_source(drawn, name)[0])
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in _LOOKING_UP:
                assert isinstance(call.args[0], nodes.Const), f"{name}:{call.lineno}"
        assert not [one for one in tree.find_all(nodes.Filter) if one.name in {"format", "safe"}]


@pytest.mark.parametrize(
    "code",
    [
        "re.compile(given)",
        "re.search(rf'a{given}', text)",
        "re.sub('a' + given, '', text)",
        "Field(pattern=given)",
        "re.compile(re.escape('a') + given)",
    ],
)
def test_a_pattern_of_somebody_elses_is_found(code: str) -> None:
    assert len(foreign(ast.parse(code), patterns)) == 1


@pytest.mark.parametrize("code", ["re.compile('a')", "re.compile(rf'a{re.escape(given)}')"])
def test_a_pattern_of_ours_is_let_go(code: str) -> None:
    assert list(patterns(ast.parse(code)))
    assert foreign(ast.parse(code), patterns) == set()


@pytest.mark.parametrize(
    "code",
    [
        "given.format(1)",
        "('a' + given).format_map({})",
        "given % {'a': 1}",
        "Template(given)",
        "gettext(given) % {'a': 1}",
    ],
)
def test_a_template_of_somebody_elses_is_found(code: str) -> None:
    assert len(foreign(ast.parse(code), templates)) == 1


@pytest.mark.parametrize("code", ["'{}'.format(1)", "gettext('%(a)s') % {'a': 1}"])
def test_a_template_of_ours_is_let_go(code: str) -> None:
    assert foreign(ast.parse(code), templates) == set()
