"""The simulation finds nothing in the flow as it is, and finds every bug that is planted in it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.thorough import IS_THOROUGH

from .bugs import Bug
from .events import faults, progress, step
from .explore import Small, explore
from .planted import WHERE
from .simulate import Seen, begin, main, run

ROOT = Path(__file__).parents[2]
WITHIN = 6000  # seeds, in which chance finds each planted bug
NOT_BEFORE = {
    Bug.UNBOUND_APPROVAL: 1900,
    Bug.LATECOMERS: 2500,
}  # what takes seconds: CI begins at 0


def test_nothing_breaks_by_chance() -> None:
    seen = Seen(states=None)
    for seed in range(1200):
        made = run(seed, seen=seen if seed % 8 == 0 else None, wild=seed % 8 == 0)
        assert made.broken is None, f"make simulate SEED={seed}: {made.broken}"
    assert len(seen.steps) > 150, "the runs went nowhere"


@pytest.mark.parametrize("bug", Bug)
def test_a_planted_bug_is_found_by_chance(bug: Bug) -> None:
    first = 0 if IS_THOROUGH else NOT_BEFORE.get(bug, 0)
    assert any(run(seed, frozenset({bug})).broken for seed in range(first, WITHIN))


@pytest.mark.parametrize("bug", Bug)
def test_a_planted_bug_is_found_by_exhaustion_and_without_it_nothing_is(bug: Bug) -> None:
    found = explore(WHERE[bug], frozenset({bug}))
    assert found.broken is not None
    assert len(found.trace) <= 70, "not the shortest way"


@pytest.mark.parametrize(
    "small",
    [
        Small(("c",), 1),
        Small(("k",), 1, client="portal"),
        Small(("cc",), 1, orders=frozenset({0})),
        Small(("c", "c"), 1, frozenset({"die", "freeze", "lost after", "lost commit"})),
        Small(("c",), 2, frozenset({"die", "freeze", "lost after", "lost commit", "cancel"})),
        *dict.fromkeys(WHERE[bug] for bug in Bug if len(WHERE[bug].kinds) == 1),
    ],
    ids=lambda small: (
        f"{'-'.join(small.kinds)}, {small.most_faults} of {len(small.only)} faults"
    ),  # a set has no order
)
def test_nothing_breaks_in_any_order_of_events(small: Small) -> None:
    found = explore(small)
    assert found.is_all
    assert found.broken is None, found.trace
    assert found.ends


def test_a_seed_is_the_same_run_in_another_process() -> None:
    bug = Bug.BLIND_RESEND
    seed = next(seed for seed in range(WITHIN) if run(seed, frozenset({bug})).broken)
    command = [sys.executable, "-m", "tests.simulation.simulate", "--seed", str(seed)]
    command += ["--plant", bug.value]
    shown = [
        subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 -- our own program
        for _ in range(2)
    ]
    assert shown[0].returncode == shown[1].returncode == 1
    assert shown[0].stdout == shown[1].stdout
    assert f"SEED={seed}" in shown[0].stdout


def test_a_step_leaves_the_moment_before_it_as_it_was() -> None:
    world = begin(random.Random(3), frozenset())  # noqa: S311 -- repeatable
    for number in range(60):
        before = world.frozen()
        ahead = (*progress(world), *faults(world))
        following = [step(world, event) for event in ahead]
        assert world.frozen() == before
        if not following:
            break
        world = following[number % len(following)]


def test_the_command_tells_what_it_went_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "50", "--jobs", "1"]) == 0
    assert "seeds/s" in capsys.readouterr().out
    assert main(["--seeds", "30", "--jobs", "1", "--plant", Bug.SWEEP_OFF]) == 1
    assert "stands still" in capsys.readouterr().out
