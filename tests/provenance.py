"""Where a text in our sources comes from: read back to where it was written, and not run.

What cannot be followed counts as somebody else's: write a constant rather than teach this more.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from functools import cached_property

from .source_tree import (
    REST,
    Function,
    Module,
    annotated,
    argument,
    arguments,
    bound,
    given_back,
    innermost,
    is_handed_on,
    last,
    means,
    values_given,
)  # fmt: skip

# What gives back what it is given, or parts of it.
_PASSING = frozenset({"cast", "dict", "list", "sorted", "tuple", "compile"})
_PASSING_METHODS = frozenset(
    {"format", "get", "items", "join", "keys", "read_text", "removeprefix", "replace"}
    | {"splitlines", "values"}
)
_COUNTING = frozenset({"crc32", "enumerate", "from_bytes", "int", "len", "ord", "range", "sum"})
_OF_NUMBERS_ONLY = (ast.Sub, ast.FloorDiv, ast.Pow, ast.RShift, ast.LShift)
_JOINING = (ast.Add, ast.BitOr, ast.Div)
_MADE_OF: dict[type[ast.AST], tuple[str, ...]] = {
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.Dict: ("keys", "values"),
    ast.FormattedValue: ("value",),
    ast.GeneratorExp: ("elt",),
    ast.IfExp: ("body", "orelse"),
    ast.JoinedStr: ("values",),
    ast.List: ("elts",),
    ast.ListComp: ("elt",),
    ast.Set: ("elts",),
    ast.SetComp: ("elt",),
    ast.Starred: ("value",),
    ast.Subscript: ("value",),
    ast.Tuple: ("elts",),
}


class Sources:
    """All modules, and the question of each text in them: was it written by us?

    The result of a `vetted` function may be used whatever went into it; a catalogue's, `looked_up`,
    where what was looked up is ours.
    """

    def __init__(
        self, modules: dict[str, Module], vetted: Collection[str] = (), looked_up: str = ""
    ) -> None:
        self.modules, self._vetted, self._looked_up = modules, vetted, looked_up

    @cached_property
    def calls(self) -> dict[str, list[tuple[Module, ast.Call]]]:
        """Every call, by the last name of what is called."""
        found: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    found.setdefault(last(node.func), []).append((module, node))
        return found

    @cached_property
    def functions(self) -> dict[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for module in self.modules.values():
            for one in module.functions:
                found.setdefault(one.name, []).append(one)
        return found

    @cached_property
    def classes(self) -> dict[str, list[tuple[Module, ast.ClassDef]]]:
        found: dict[str, list[tuple[Module, ast.ClassDef]]] = {}
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    found.setdefault(node.name, []).append((module, node))
        return found

    def are_ours(
        self, nodes: Iterable[ast.AST | None], module: Module, seen: frozenset[ast.AST]
    ) -> bool:
        return all(node is None or self.is_ours(node, module, seen) for node in nodes)

    def is_ours(
        self, node: ast.AST, module: Module, seen: frozenset[ast.AST] = frozenset()
    ) -> bool:
        """Whether whatever this can be was written in these modules."""
        if node in seen or isinstance(node, ast.Constant):
            return True
        seen |= {node}
        match node:
            case ast.Call():
                return self._call(node, module, seen)
            case ast.Attribute():
                return self._field(node, module, seen)
            case ast.Name():
                return self._name(node, module, seen)
        parts = _parts(node)
        return parts is not None and self.are_ours(parts, module, seen)

    def _call(self, node: ast.Call, module: Module, seen: frozenset[ast.AST]) -> bool:
        name = last(node.func)
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if ast.unparse(node.func) in self._vetted:
            return True
        if isinstance(node.func, ast.Attribute):
            if name in _PASSING_METHODS:
                given = given[1:] if name == "get" else given  # a key is only looked for
                return self.are_ours((node.func.value, *given), module, seen)
            return name in _PASSING and self.are_ours(given, module, seen)
        if name in _PASSING or name == self._looked_up:
            return self.are_ours(given, module, seen)
        own = [one for one in module.functions if one.name == name]
        return bool(own) and all(self.are_ours(given_back(one), module, seen) for one in own)

    def _name(self, node: ast.Name, module: Module, seen: frozenset[ast.AST]) -> bool:
        for scope in module.above(node):
            if isinstance(scope, Function | ast.Lambda):
                place = argument(scope, node.id)
                if place is not None:
                    is_called = isinstance(scope, Function) and place != REST
                    return is_called and self._given(scope, place, module, seen)
            found = list(bound(scope, node.id))
            if found:
                return self.are_ours(found, module, seen)
        return any(self._imported(*one, seen) for one in module.imports.get(node.id, []))

    def _imported(self, origin: str, name: str, seen: frozenset[ast.AST]) -> bool:
        module = self.modules.get(origin)
        if module is None:
            return False
        found = list(bound(module.tree, name))
        if found:
            return self.are_ours(found, module, seen)
        return any(self._imported(*one, seen) for one in module.imports.get(name, []))

    def _given(
        self, function: Function, place: int, module: Module, seen: frozenset[ast.AST]
    ) -> bool:
        """Whether every call of it gives a text of ours."""
        name = function.name
        made = [one for one in self.calls.get(name, []) if means(one[0], name, module)]
        near = [one for one in self.modules.values() if means(one, name, module)]
        if not made or any(is_handed_on(one, name) for one in near):
            return False
        called = arguments(function)[place].arg
        return all(self.are_ours(values_given(one, place, called), at, seen) for at, one in made)

    def _field(self, node: ast.Attribute, module: Module, seen: frozenset[ast.AST]) -> bool:
        """Whether a field, or the member of an enumeration, is ours in everything that is made."""
        kinds = self.classes.get(self._kind(node.value, module), [])
        return bool(kinds) and all(self._member(*one, node.attr, seen) for one in kinds)

    def _member(
        self, module: Module, kind: ast.ClassDef, name: str, seen: frozenset[ast.AST]
    ) -> bool:
        fields = [one for one in kind.body if isinstance(one, ast.AnnAssign)]
        names = [one.target.id for one in fields if isinstance(one.target, ast.Name)]
        if name not in names:
            members = list(bound(kind, name))
            return bool(members) and self.are_ours(members, module, seen)
        made = self.calls.get(kind.name, [])
        given = ((values_given(call, names.index(name), name), at) for at, call in made)
        return bool(made) and all(self.are_ours(one, at, seen) for one, at in given)

    def _kind(self, node: ast.AST, module: Module) -> str:
        """The name of a thing's class, where an annotation or the thing itself says it."""
        match node:
            case ast.Call(func=of) | ast.Subscript(value=of):
                return self._kind(of, module)
            case ast.Attribute():
                return self._kind_of_field(node, module)
            case ast.Name(id=name) if name in self.classes:
                return name
            case ast.Name():
                return self._kind_of_name(node, module)
        return ""

    def _kind_of_name(self, node: ast.Name, module: Module) -> str:
        for scope in module.above(node):
            if isinstance(scope, ast.ClassDef) and node.id == "self":
                return scope.name
            if said := annotated(scope, node.id):
                return innermost(said)
            for value in bound(scope, node.id):
                return self._kind(value, module)
        for origin, name in module.imports.get(node.id, []):
            where = self.modules.get(origin)
            for value in bound(where.tree, name) if where else ():
                return self._kind(value, where or module)
        return ""

    def _kind_of_field(self, node: ast.Attribute, module: Module) -> str:
        for _, kind in self.classes.get(self._kind(node.value, module), []):
            if said := annotated(kind, node.attr):
                return innermost(said)
        return ""

    def is_number(self, node: ast.AST, module: Module, depth: int = 5) -> bool:
        """Whether this is no text: `%` after it divides."""
        parts = _numbers(node)
        if parts is not None:
            return depth > 0 and all(self.is_number(one, module, depth - 1) for one in parts)
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int)
        if self._kind(node, module) == "int":
            return True
        if isinstance(node, ast.Call):
            made = self.functions.get(last(node.func), [])
            return bool(made) and all(innermost(one.returns) == "int" for one in made)
        if not isinstance(node, ast.Name) or depth == 0:
            return False
        found = [one for scope in module.above(node) for one in bound(scope, node.id)]
        return bool(found) and all(self.is_number(one, module, depth - 1) for one in found)


def _parts(node: ast.AST) -> list[ast.AST | None] | None:
    """What a text is put together of, or may be one of; None for what is not followed."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, _JOINING):
        return None
    names = _MADE_OF.get(type(node))
    if names is None:
        return None
    found = [getattr(node, name) for name in names]
    return [part for one in found for part in (one if isinstance(one, list) else [one])]


def _numbers(node: ast.AST) -> list[ast.expr] | None:
    """What all have to be numbers for this to be one; None where that does not settle it."""
    match node:
        case ast.UnaryOp():
            return []
        case ast.BinOp(op=op) if isinstance(op, _OF_NUMBERS_ONLY):
            return []
        case ast.Call(func=called) if last(called) in _COUNTING:
            return []
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.Tuple(elts=parts):
            return parts
    return None
