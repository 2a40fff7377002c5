"""How a test of the suite is written: its level, what it takes, and the loop it runs in."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from avgate_contracts.conformance import LEVELS
from avgate_contracts.kit.clock import run

Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Law:
    """What one test of the suite holds every connector to.

    `needs`: the capabilities it is about; a connector without one of them has no such test.
    `cases`: the ids of its parameters, all of which have to pass.
    """

    name: str
    level: int
    needs: tuple[type, ...] = ()
    cases: tuple[str, ...] = ()

    def applies_to(self, connector: type) -> bool:
        """Whether a connector with these capabilities has to keep it."""
        return all(need in connector.__mro__ for need in self.needs)

    def variants(self) -> tuple[str, ...]:
        """The names of its tests as pytest shows them."""
        return tuple(f"{self.name}[{case}]" for case in self.cases) or (self.name,)


def law(level: int, *needs: type, cases: Sequence[str] = ()) -> Callable[[Test], Test]:
    """Makes a test of the suite, with one parameter `case` if there are cases.

    Coroutines run in a loop of their own, in which waiting takes no time; so it does not matter
    whether, or how, a project has set up asyncio for pytest.
    """

    def decorate(function: Test) -> Test:
        found = Law(function.__name__, level, needs, tuple(cases))

        @functools.wraps(function)
        def test(self: Any, **given: Any) -> None:
            reason = type(self).exempt.get(found.name)
            if reason is not None:
                exempted(found.name, reason)
            result = function(self, **given)
            if inspect.isawaitable(result):
                run(_awaited(result))

        test.avgate_law = found  # type: ignore[attr-defined]  # read by `laws_of`
        marked: Any = getattr(pytest.mark, f"avgate_{LEVELS[level]}")(test)
        return _with_cases(marked, found.cases)  # type: ignore[no-any-return]  # a decorated test

    return decorate


def exempted(name: str, reason: str) -> None:
    """Leaves a test out for the reason that the author wrote down; without one it fails."""
    if not isinstance(reason, str) or not reason.strip():
        pytest.fail(f"exempt[{name!r}] has no reason: write down why, or take it out", False)
    pytest.skip(f"exempt: {reason}")


def laws_of(suite: type) -> list[Law]:
    """Every law that a suite's connector has to keep, in the order of levels."""
    connector = getattr(suite, "connector", object)
    found = {
        law_.name: law_
        for kind in reversed(suite.__mro__)
        for member in vars(kind).values()
        if isinstance(law_ := getattr(member, "avgate_law", None), Law)
    }
    applying = [law_ for law_ in found.values() if law_.applies_to(connector)]
    return sorted(applying, key=lambda law_: law_.level)


def replaced(suite: type) -> list[str]:
    """The names of laws whose test the author has put something else in the place of."""
    return [
        law_.name
        for law_ in laws_of(suite)
        if getattr(getattr(suite, law_.name, None), "avgate_law", None) != law_
    ]


async def _awaited(result: Any) -> None:
    await result


def _with_cases(test: Any, cases: Sequence[str]) -> Any:
    return pytest.mark.parametrize("case", cases)(test) if cases else test
