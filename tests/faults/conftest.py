"""One bench for each operation of each connector, kept for the whole run; and what it all came to."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from .cases import Bench, Case, Ended
from .operations import OPERATIONS
from .ruled import RuledLoop
from .stage import Stage


@dataclass
class Benches:
    """Sets each bench up when it is first asked for, in a loop of its own."""

    made: dict[str, tuple[asyncio.Runner, Bench]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    longest: dict[tuple[str, str], float] = field(default_factory=dict)

    def of(self, name: str) -> Bench:
        if name not in self.made:
            connector, _, operation = name.partition("/")
            runner = asyncio.Runner(loop_factory=RuledLoop)
            loop = runner.get_loop()
            assert isinstance(loop, RuledLoop)
            bench = Bench(Stage(connector, loop), OPERATIONS[connector][operation])
            self.made[name] = (runner, bench)
            runner.run(bench.set_up())
        return self.made[name][1]

    def ended(self, name: str, case: Case) -> Ended:
        bench = self.of(name)
        ended = self.made[name][0].run(bench.ended(case))
        self.seen[name] += 1
        longest = self.longest.get((name, case.fault.name), 0.0)
        self.longest[name, case.fault.name] = max(longest, ended.seconds)
        return ended

    def close(self) -> None:
        for runner, bench in self.made.values():
            runner.run(bench.stage.exits.aclose())
            runner.close()


_SEEN: list[Benches] = []


@pytest.fixture(scope="session")
def benches() -> Iterator[Benches]:
    made = Benches()
    _SEEN.append(made)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    yield made
    made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for made in _SEEN:
        terminalreporter.section("faults")
        terminalreporter.write_line(f"{made.seen.total()} cases")
        slowest = sorted(made.longest.items(), key=lambda one: -one[1])[:10]
        for (name, fault), seconds in slowest:
            terminalreporter.write_line(f"{seconds:8.0f} ruled seconds: {name}, {fault}")
