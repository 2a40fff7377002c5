"""What level a connector has earned: computed from the results of its tests, never declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from avgate_contracts.conformance import LEVELS
from avgate_contracts.kit.law import Law

Result: TypeAlias = Literal["passed", "failed", "exempt", "skipped", "missing", "replaced"]

_HIGHEST = max(LEVELS)
_SAID: Mapping[Result, str] = {
    "failed": "fails",
    "exempt": "is exempt",
    "skipped": "was skipped",
    "missing": "was not run",
    "replaced": "is replaced by a test of the author's own",
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A test that keeps a connector from a level."""

    level: int
    test: str
    result: Result
    why: str = ""

    def __str__(self) -> str:
        told = f" ({self.why})" if self.why else ""
        return f"{self.test} {_SAID[self.result]}{told}"


@dataclass(frozen=True, slots=True)
class Standing:
    """The level that was earned, and what stands before the next."""

    level: int
    obstacles: tuple[Obstacle, ...]

    @property
    def next_obstacles(self) -> tuple[Obstacle, ...]:
        """Those of the first level that was not earned."""
        return tuple(each for each in self.obstacles if each.level == self.level + 1)


def standing(
    laws: Sequence[Law], results: Mapping[str, Result], reasons: Mapping[str, str] | None = None
) -> Standing:
    """The highest level of which, and below which, every variant of every law has passed.

    `results` is by variant; a variant that is not in it did not run. `reasons` is by variant too.
    """
    obstacles = [
        Obstacle(law.level, variant, result, (reasons or {}).get(variant, ""))
        for law in laws
        for variant in law.variants()
        if (result := results.get(variant, "missing")) != "passed"
    ]
    lacking = {each.level for each in obstacles}
    tested = {law.level for law in laws}
    level = 0
    while level < _HIGHEST and level + 1 in tested and level + 1 not in lacking:
        level += 1
    return Standing(level, tuple(obstacles))
