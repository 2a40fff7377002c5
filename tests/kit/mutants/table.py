"""The table of mutants, as the documentation and the tests show it."""

from __future__ import annotations

from collections.abc import Iterator

from avgate_contracts.conformance import LEVELS
from avgate_contracts.kit.law import laws_of

from .linden import LindenContract
from .registry import MUTANTS, Mutant


def laws() -> Iterator[str]:
    """Every test of the suite by its level, in Markdown."""
    yield "| level | test | cases |"
    yield "|---|---|---|"
    for law in laws_of(LindenContract):
        name = law.name.removeprefix("test_").replace("_", " ")
        yield f"| {law.level} {LEVELS[law.level]} | {name} | {', '.join(law.cases)} |"


def lines() -> Iterator[str]:
    """The table in Markdown; the tests of the mutants hold every row."""
    yield "| a connector that | fails on the good recordings | fails on recordings of its own |"
    yield "|---|---|---|"
    yield from (_row(mutant) for mutant in sorted(MUTANTS, key=lambda each: each.wrong))


def _row(mutant: Mutant) -> str:
    own = _names(mutant.own) if mutant.own else "the same"
    if mutant.refused:
        own = f"cannot be recorded ({mutant.refused})"
    return f"| {mutant.wrong} | {_names(mutant.tests)} | {own} |"


def _names(tests: tuple[str, ...]) -> str:
    return ", ".join(f"`{test.removeprefix('test_')}`" for test in tests)
