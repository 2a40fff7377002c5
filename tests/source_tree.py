"""Python as it is written: modules, and what a name in them stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
REST = -1
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CAPTURES = (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)


@dataclass(frozen=True, eq=False)
class Module:
    """One file, and what stands in what."""

    name: str
    path: Path
    tree: ast.Module

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def imports(self) -> dict[str, list[tuple[str, str]]]:
        """The module and the name behind each name that comes from elsewhere."""
        found: dict[str, list[tuple[str, str]]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    found.setdefault(one.asname or one.name, []).append((node.module, one.name))
        return found

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        nodes = ast.walk(self.tree)
        return {child: node for node in nodes for child in ast.iter_child_nodes(node)}

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node


def read(folders: Iterable[Path]) -> dict[str, Module]:
    """All modules of these packages, by the name under which they are imported."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
            tree = ast.parse(path.read_text("utf-8"))
            name = name.removesuffix(".__init__")
            found[name] = Module(name, path, tree)
    return found


def last(called: ast.AST) -> str:
    """What something is called, without what it belongs to."""
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def bound(scope: ast.AST, name: str) -> Iterator[ast.AST]:
    """What is given this name directly in this scope."""
    if isinstance(scope, _COMPREHENSIONS):
        nodes: Iterator[ast.AST] = iter(scope.generators)
    elif isinstance(scope, Function | ast.Module | ast.ClassDef):
        nodes = _within(scope)
    else:
        return
    for node in nodes:
        yield from (value for target, value in _bindings(node) if _holds(target, name))
        if isinstance(node, _CAPTURES) and node.name == name:
            yield node


def _bindings(node: ast.AST) -> Iterator[tuple[ast.AST | None, ast.AST]]:
    """What is bound here, and to what; parts of a tuple one by one where both sides show them."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Tuple(elts=values)):
            yield from zip_longest(parts, values, fillvalue=node)
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(value=ast.expr()) | ast.AugAssign() | ast.NamedExpr():
            yield node.target, node.value or node
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield node.target, node.iter
        case ast.withitem():
            yield node.optional_vars, node.context_expr


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the scopes in it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            yield node
            yield from _within(node)


def _holds(target: ast.AST | None, name: str) -> bool:
    return target is not None and any(
        isinstance(one, ast.Name) and one.id == name for one in ast.walk(target)
    )


def means(module: Module, name: str, origin: Module) -> bool:
    """Whether this name is that module's own, or the module itself is at hand."""
    if module is origin or (origin.name, name) in module.imports.get(name, []):
        return True
    package, _, stem = origin.name.rpartition(".")
    return (package, stem) in module.imports.get(stem, [])


def arguments(function: Function | ast.Lambda) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def argument(function: Function | ast.Lambda, name: str) -> int | None:
    """Its place, where the function has an argument of this name; `REST` for one that takes many."""
    names = [one.arg for one in arguments(function)]
    if name in {one.arg for one in (function.args.vararg, function.args.kwarg) if one}:
        return REST
    return names.index(name) if name in names else None


def values_given(call: ast.Call, place: int, name: str) -> list[ast.AST]:
    """What a call gives for an argument; what it leaves out has its default, written by us."""
    spread = [one for one in call.args if isinstance(one, ast.Starred)]
    named = [one.value for one in call.keywords if one.arg in {name, None}]
    return [*call.args[place : place + 1], *spread, *named]


def given_back(function: Function) -> Iterator[ast.AST | None]:
    for node in _within(function):
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            yield node.value


def is_handed_on(module: Module, name: str) -> bool:
    """Whether a function is given to somebody else, who may call it with anything."""
    called = {id(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    return any(
        isinstance(node, ast.Name) and node.id == name and id(node) not in called
        for node in ast.walk(module.tree)
    )


def annotated(scope: ast.AST, name: str) -> ast.expr | None:
    """What is said of this name: of an argument, or where it is first given something."""
    for one in ast.walk(scope):
        if isinstance(one, ast.arg) and one.arg == name and one.annotation:
            return one.annotation
        if isinstance(one, ast.AnnAssign) and ast.unparse(one.target) == name:
            return one.annotation
    return None


def innermost(annotation: ast.AST | None) -> str:
    """`Wording` of `Final[Mapping[str, Wording]]`."""
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice
        return innermost(inner.elts[-1] if isinstance(inner, ast.Tuple) else inner)
    return last(annotation) if annotation else ""
