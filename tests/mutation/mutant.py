"""Which mutants a module has: cosmic-ray's, but for those that no test could notice, or that no Python reads."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db

Place = tuple[int, int]
# Whether what is equal is also the same object is up to the interpreter, and no guard of ours.
_OF_IDENTITY = ("Eq_Is", "Is_Eq", "NotEq_IsNot", "IsNot_NotEq")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module, at a line and column; its name is the same until the module changes."""

    place: Place
    operator: str
    occurrence: int
    source: str
    was: str
    became: str

    @property
    def name(self) -> str:
        return f"{self.operator} {self.occurrence}"


def mutants(module: Path) -> Sequence[Mutant]:
    """All of them, in the order of the lines; no two have the same text."""
    source = module.read_text("utf-8")
    tree = ast.parse(source)
    inert, calculated = tuple(_inert(tree)), tuple(_calculated(tree))
    found: dict[str, Mutant] = {}
    for place, operator, occurrence in _planned(module):
        is_sign = "BinaryOperator" in operator and not _is_in(calculated, place)
        if is_sign or _is_in(inert, place) or operator.endswith(_OF_IDENTITY):
            continue
        changed = mutate_code(source, get_operator(operator)(), occurrence)
        if _compiles(changed):
            was, became = _difference(source, changed)
            found.setdefault(changed, Mutant(place, operator, occurrence, changed, was, became))
    return sorted(found.values(), key=lambda each: (each.place, each.name))


def _is_in(spans: Iterable[tuple[Place, Place]], place: Place) -> bool:
    return any(begin <= place < end for begin, end in spans)


def _compiles(source: str) -> bool:
    """What does not, or only with a warning, would count as killed whatever the tests are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(source, "mutant", "exec")
        except SyntaxError:
            return False
        return True


def _planned(module: Path) -> Iterator[tuple[Place, str, int]]:
    with TemporaryDirectory() as folder, use_db(f"{folder}/plan", WorkDB.Mode.create) as plan:
        init([module], plan, {})
        for item in plan.work_items:
            for mutation in item.mutations:
                yield tuple(mutation.start_pos), mutation.operator_name, mutation.occurrence


def _inert(tree: ast.AST) -> Iterator[tuple[Place, Place]]:
    """Types, and what a dataclass is decorated with: where each begins and ends."""
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        parts += node.decorator_list if isinstance(node, ast.ClassDef) else []
        for part in parts:
            if isinstance(part, ast.expr):
                end = (part.end_lineno or 0, part.end_col_offset or 0)
                yield (part.lineno, part.col_offset), end


def _calculated(tree: ast.AST) -> Iterator[tuple[Place, Place]]:
    """Elsewhere a `*` is no operator: it unpacks, or says that what follows is given by name."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.AugAssign)):
            end = (node.end_lineno or 0, node.end_col_offset or 0)
            yield (node.lineno, node.col_offset), end


def _difference(before: str, after: str) -> tuple[str, str]:
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    was, became = (
        " ".join(line[2:].strip() for line in lines if line.startswith(sign)).strip()
        for sign in ("- ", "+ ")
    )
    return was, became
