"""The quick form of `make crash`: a few deaths of each kind, and the bugs that prove they would be seen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from . import rounds
from .deaths import Death
from .rounds import Reference

# Where it dies: the last point of a kind whose label has this in it, counted in thirds of its kind.
DEATHS = (
    ("start_up", "commit", "ours", 0.0),
    ("access", "committed", "ours", 0.0),
    ("export", "answered", "/package", 0.0),
    ("rectify", "arrived", "PATCH", 0.0),
    ("erase_little", "sends", "DELETE", 0.5),
    ("erase_little", "arrived", "dldas", 0.0),
    ("falls_due", "committed", "ours", 0.7),
    ("by_hand", "arrived", "opendsr", 0.5),
    ("callback", "commit", "ours", 0.8),
    ("cancel", "answers", "cancel", 0.0),
)
# A bug, the operation that shows it, and where that has to die for it.
BUGS = (
    ("no_sweep", "identity_later", "committed", "ours", 0.0),
    ("key_after", "identity_later", "answers", "requests", 0.0),
    ("new_keys", "by_hand", "arrived", "opendsr", 0.0),
    ("outcome_first", "erase_little", "sends", "DELETE /tmf-api", 0.0),
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with rounds.lanes(2) as made:
        yield made


def point(known: Reference, kind: str, label: str, part: float) -> int:
    """The number of the point of this kind, so far along among its like."""
    fits = [at for at, (k, where) in enumerate(known[0], 1) if k == kind and label in where]
    assert fits, f"no {kind} {label}: {sorted(set(known[0]))}"
    return fits[min(int(len(fits) * part), len(fits) - 1)]


def test_whatever_dies_nothing_is_lost_doubled_or_done_to_somebody_else(
    pool: ProcessPoolExecutor,
) -> None:
    known = rounds.references(pool, sorted({name for name, *_ in DEATHS}))
    deaths = [Death("kill", name, point(known[name], *where)) for name, *where in DEATHS]
    found = list(rounds.outcomes(pool, deaths, known))
    assert [f"{one.death.to_words()}: {one.wrong}" for one in found if one.wrong] == []
    assert sum(bool(one.point) for one in found) >= len(deaths) - 2, "they did not die"


@pytest.mark.parametrize(("bug", "operation", "kind", "label", "part"), BUGS)
def test_a_planted_bug_is_found(
    pool: ProcessPoolExecutor, bug: str, operation: str, kind: str, label: str, part: float
) -> None:
    known = rounds.references(pool, [operation], plant=bug)
    death = Death("kill", operation, point(known[operation], kind, label, part), plant=bug)
    [found] = rounds.outcomes(pool, [death], known)
    assert found.point, "it did not die"
    assert found.wrong


def test_an_intention_that_is_written_late_is_found_though_nothing_dies(
    pool: ProcessPoolExecutor,
) -> None:
    with pytest.raises(AssertionError, match="nobody intended|before it was intended"):
        rounds.references(pool, ["by_hand"], plant="intention_after")
