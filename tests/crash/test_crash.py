"""The quick form of `make crash`: a few deaths of each kind, and the bugs that prove they would be seen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from . import rounds
from .deaths import Death

# Where it dies: at the n-th point of this kind with this in its label.
DEATHS = (
    ("start_up", "commit", "", 1),
    ("access", "committed", "", 1),
    ("export", "answered", "/package", 1),
    ("rectify", "arrived", "PATCH", 1),
    ("erase_little", "sends", "DELETE", 3),
    ("erase_little", "committed", "", 9),
    ("falls_due", "arrived", "PATCH", 2),
    ("by_hand", "arrived", "opendsr", 2),
    ("cancel", "answers", "cancel", 1),
)
# A bug, the operation that shows it, and where that has to die for it.
BUGS = (
    ("no_sweep", "access", "answers", "requests", 1),
    ("key_after", "identity_later", "answers", "requests", 1),
    ("outcome_first", "erase_little", "sends", "DELETE /tmf-api", 1),
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with rounds.lanes(2) as made:
        yield made


def test_whatever_dies_nothing_is_lost_doubled_or_done_to_somebody_else(
    pool: ProcessPoolExecutor,
) -> None:
    known = rounds.references(pool, sorted({name for name, *_ in DEATHS}))
    deaths = [Death("kill", name, 0, on=(kind, label, n)) for name, kind, label, n in DEATHS]
    found = list(rounds.outcomes(pool, deaths, known))
    assert [f"{one.death.to_words()}: {one.wrong}" for one in found if one.wrong] == []
    assert [one.death.to_words() for one in found if not one.point] == [], "they did not die"


@pytest.mark.parametrize(("bug", "operation", "kind", "label", "number"), BUGS)
def test_a_planted_bug_is_found(
    pool: ProcessPoolExecutor, bug: str, operation: str, kind: str, label: str, number: int
) -> None:
    known = rounds.references(pool, [operation], plant=bug)
    death = Death("kill", operation, 0, plant=bug, on=(kind, label, number))
    [found] = rounds.outcomes(pool, [death], known)
    assert found.point, "it did not die"
    assert found.wrong


def test_an_intention_that_is_written_late_is_found_though_nothing_dies(
    pool: ProcessPoolExecutor,
) -> None:
    with pytest.raises(AssertionError, match="intended"):
        rounds.references(pool, ["by_hand"], plant="intention_after")
