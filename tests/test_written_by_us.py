"""Every pattern, and every text that something is put into, was written by us: none is input."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from avgate_gateway.console.drawing import environment

from .provenance import Sources
from .source_tree import Module, read

ROOT = Path(__file__).parents[1]
PACKAGES = ("contracts", "client", "gateway", "mocks", "connectors/*")
MODULES = read(sorted(found for one in PACKAGES for found in ROOT.glob(f"{one}/avgate_*")))
_TAKING = frozenset(
    {"compile", "findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}
)
_OF_STRING = frozenset({"Template", "ascii_letters", "ascii_uppercase", "digits"})
_LOOKING_UP = frozenset({"_", "gettext", "ngettext", "npgettext", "pgettext"})


def of_patterns(modules: dict[str, Module]) -> Sources:
    """What goes through `re.escape` matches itself, whatever it is."""
    return Sources(modules, vetted={"re.escape"})


def of_templates(modules: dict[str, Module]) -> Sources:
    """What our catalogue has for words of ours is ours; so is a file of our own package."""
    return Sources(modules, vetted={"files"}, looked_up="gettext")


def patterns(module: Module) -> Iterator[ast.expr]:
    """Every text that is read as a pattern, by `re` or by pydantic."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)):
                if name in _TAKING:
                    yield node.args[0]
            case ast.Call():
                yield from (one.value for one in node.keywords if one.arg == "pattern")


def filled_in(module: Module, sources: Sources) -> Iterator[ast.expr]:
    """Every text that something is put into: by `format`, by `%`, by a `Template`."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=text, attr="format" | "format_map")):
                yield text
            case ast.Call(func=ast.Name(id="Template"), args=[text, *_]):
                yield text
            case ast.BinOp(left=text, op=ast.Mod()) if not sources.is_number(text, module):
                yield text


def foreign_patterns(modules: dict[str, Module]) -> list[str]:
    sources = of_patterns(modules)
    return [
        _place(module, one)
        for module in modules.values()
        for one in patterns(module)
        if not sources.is_ours(one, module)
    ]


def foreign_templates(modules: dict[str, Module]) -> list[str]:
    sources = of_templates(modules)
    return [
        _place(module, one)
        for module in modules.values()
        for one in filled_in(module, sources)
        if not sources.is_ours(one, module)
    ]


def _place(module: Module, node: ast.expr) -> str:
    return f"{module.name}:{node.lineno}: {ast.unparse(node)}"


def test_every_pattern_is_ours_with_data_escaped() -> None:
    assert len([one for module in MODULES.values() for one in patterns(module)]) > 150
    assert foreign_patterns(MODULES) == []


def test_every_text_that_is_filled_in_is_ours_or_our_catalogues() -> None:
    sources = of_templates(MODULES)
    found = [one for module in MODULES.values() for one in filled_in(module, sources)]
    assert len(found) > 40
    assert foreign_templates(MODULES) == []


def test_patterns_and_templates_come_in_by_the_names_that_are_looked_for() -> None:
    for module in MODULES.values():
        found = {one for taken in module.imports.values() for one in taken}
        assert not {name for origin, name in found if origin == "re"}, module.name
        assert {name for origin, name in found if origin == "string"} <= _OF_STRING, module.name


def test_a_page_looks_up_nothing_but_its_own_words() -> None:
    """A looked-up text is a format and HTML to Jinja: what a page is handed goes through `worded`."""
    drawn = environment("en")
    for name in drawn.list_templates():
        tree = drawn.parse(drawn.loader.get_source(drawn, name)[0])
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in _LOOKING_UP:
                assert isinstance(call.args[0], nodes.Const), f"{name}:{call.lineno}"
        assert not [one for one in tree.find_all(nodes.Filter) if one.name in {"format", "safe"}]


# What has to be found, and what has to be let go; `field` and `given` are somebody else's.
_FOREIGN_PATTERNS = (
    "def f(given): return re.compile(given)",
    "def f(given): return re.search(rf'a{given}', text)",
    "def f(given): return re.sub('a' + given, '', text)",
    "def f(given): return Field(pattern=given)",
    "WORDS = {'a': open('b').read()}\ndef f(): return [re.compile(one) for one in WORDS.values()]",
    "def _f(one): return re.compile(one)\ndef g(given): return _f('a'), _f(given)",
    "def _f(one): return re.compile(one)\nx = map(_f, given)",
    "def f(*one): return re.compile(one)",
    "ONE = 'a'\ndef f(given):\n    match given:\n        case ONE: return re.compile(ONE)",
    "ONE = 'a'\ndef f(given):\n    with given as ONE: return re.compile(ONE)",
    "def f(given): return re.compile(re.escape('a') + given)",
)
_OWN_PATTERNS = (
    "re.compile('a')",
    "def f(given): return re.compile(rf'a{re.escape(given)}')",
    "ONE = 'a'\nre.compile(rf'{ONE}b' 'c')",
    "def _f(one): return re.compile(one)\nx = _f('a'), _f(one='b')",
    "x = [re.compile(one) for one, other in (('a', 'b'), ('c', 'd'))]",
    "def f(given): return re.sub('a', given, text)",
)
_FOREIGN_TEMPLATES = (
    "def f(given): return given.format(1)",
    "def f(given): return ('a' + given).format_map({})",
    "def f(given): return given % 3",
    "def f(given: str, n: int): return given % n",
    "def f(given): return Template(given)",
    "def f(given): return gettext(given) % {}",
    "class W:\n    a: str\nW(a='b')\nW(a=given)\ndef f(w: W): return w.a.format(1)",
)
_OWN_TEMPLATES = (
    "'{}'.format(1)",
    "x = gettext('%s') % 1",
    "def f(n: int): return n % 3",
    "class W:\n    a: str\nW(a='b')\ndef f(w: W): return w.a.format(1)",
    "A = {'b': '{}'}\ndef f(key): return A.get(key, '').format(1)",
)


@pytest.mark.parametrize("code", _FOREIGN_PATTERNS)
def test_a_pattern_of_somebody_elses_is_found(code: str) -> None:
    assert len(foreign_patterns(_one(code))) == 1


@pytest.mark.parametrize("code", _OWN_PATTERNS)
def test_a_pattern_of_ours_is_let_go(code: str) -> None:
    assert list(patterns(*_one(code).values()))
    assert foreign_patterns(_one(code)) == []


@pytest.mark.parametrize("code", _FOREIGN_TEMPLATES)
def test_a_template_of_somebody_elses_is_found(code: str) -> None:
    assert len(foreign_templates(_one(code))) == 1


@pytest.mark.parametrize("code", _OWN_TEMPLATES)
def test_a_template_of_ours_is_let_go(code: str) -> None:
    assert foreign_templates(_one(code)) == []


def _one(code: str) -> dict[str, Module]:
    return {"only": Module("only", Path("only.py"), ast.parse(code))}
