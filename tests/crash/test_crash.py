"""The quick form of `make crash`: a few deaths and troubles of each kind, and bugs that have to be seen.

One file, so that all of it shares the processes that take seconds to start. CI adds what differs from
these in the operation alone, or in the sort of trouble.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ..thorough import IS_THOROUGH
from . import rounds
from .cuts import Recording, cut_all
from .deaths import Death
from .rounds import Reference
from .traced import misordered
from .wrong import Kind, WrongError

# Where it dies: at the n-th point of this kind with this in its label.
_MORE_DEATHS = (
    ("rectify", "arrived", "PATCH", 1),
    ("falls_due", "arrived", "PATCH", 2),
)
DEATHS = (
    ("start_up", "commit", "", 1),
    ("export", "answered", "/package", 1),
    ("erase_little", "sends", "DELETE", 3),
    ("erase_little", "committed", "", 9),
    ("callback", "arrived", "perfectview", 2),
    ("cancel", "answers", "cancel", 1),
    *(_MORE_DEATHS if IS_THOROUGH else ()),
)
FAILURES = ("disk_full", "sync_error", *(("write_error",) if IS_THOROUGH else ()))
DISTURBANCES = ("frozen", "clock_back", *(("clock_ahead", "at_random") if IS_THOROUGH else ()))
# A bug, the operation that shows it, where that has to die for it, and what it then is.
BUGS = (
    ("no_sweep", "callback", ("answers", "requests", 1), Kind.STUCK),
    ("key_after", "callback", ("answers", "requests", 1), Kind.DOUBLED),
    ("outcome_first", "erase_little", ("sends", "DELETE /tmf-api", 1), Kind.LOST),
    ("fresh_key", "callback", ("arrived", "perfectview", 2), Kind.DOUBLED),
)
# Those that are found though nothing dies.
PLAIN_BUGS = (
    ("intention_after", Kind.UNINTENDED),
    ("sent_again", Kind.DOUBLED),
    ("stumbles", Kind.UNTIDY),
)
CUTS = 60
WELL = (None, "")


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with rounds.lanes(2) as made:
        yield made


@pytest.fixture(scope="module")
def known(pool: ProcessPoolExecutor) -> dict[str, Reference]:
    """How each operation comes out while nothing dies."""
    return rounds.references(pool, sorted({name for name, *_ in DEATHS}))


@pytest.fixture(scope="module")
def recording(pool: ProcessPoolExecutor) -> Recording:
    return pool.submit(rounds.recording).result()


def test_whatever_dies_nothing_is_lost_doubled_or_done_to_somebody_else(
    pool: ProcessPoolExecutor, known: dict[str, Reference]
) -> None:
    deaths = [Death("kill", name, 0, on=(kind, label, n)) for name, kind, label, n in DEATHS]
    found = list(rounds.outcomes(pool, deaths, known))
    assert [f"{one.death.to_words()}: {one.wrong}" for one in found if one.wrong] == []
    assert [one.death.to_words() for one in found if not one.point] == [], "they did not die"


@pytest.mark.parametrize(("bug", "operation", "on", "kind"), BUGS)
def test_a_planted_bug_is_found(
    pool: ProcessPoolExecutor,
    known: dict[str, Reference],
    bug: str,
    operation: str,
    on: tuple[str, str, int],
    kind: Kind,
) -> None:
    looks = 150 if kind is Kind.STUCK else 500  # what is stuck is looked at to the end of them
    death = Death("kill", operation, 0, plant=bug, on=on, is_still=True, looks=looks)
    [found] = rounds.outcomes(pool, [death], known)
    assert found.point, "it did not die"
    assert found.kind == kind, found.wrong


@pytest.mark.parametrize(("bug", "kind"), PLAIN_BUGS)
def test_a_bug_that_needs_no_death_is_found_without(
    pool: ProcessPoolExecutor, bug: str, kind: Kind
) -> None:
    with pytest.raises(WrongError) as caught:
        rounds.references(pool, ["callback"], plant=bug)
    assert caught.value.kind == kind, caught.value


def test_after_a_power_cut_at_any_moment_everything_that_was_promised_is_there(
    recording: Recording, tmp_path: Path
) -> None:
    found = cut_all(recording, tmp_path, CUTS, seed=1)
    assert found.wrong == []
    assert (found.cuts, found.promised) == (CUTS, 6)
    assert found.torn_back > CUTS // 2, "hardly anything was lost: these were no power cuts"


def test_a_promise_that_is_made_too_early_is_found(recording: Recording, tmp_path: Path) -> None:
    steps = list(recording.steps)
    for place, step in enumerate(recording.steps):
        if step.what == "mark":  # as if it left before the sync of its commit
            steps.remove(step)
            steps.insert(place - 40, step)
    early = replace(recording, steps=steps)
    [wrong] = cut_all(early, tmp_path, len(steps) // 20, seed=1, enough=1).wrong
    assert "promised" in wrong


def test_a_store_that_never_syncs_is_found(recording: Recording, tmp_path: Path) -> None:
    steps = [step for step in recording.steps if step.what != "sync"]
    assert cut_all(replace(recording, steps=steps), tmp_path, CUTS, seed=1, enough=1).wrong


@pytest.mark.parametrize("trouble", FAILURES)
def test_while_the_disk_fails_everybody_is_told_and_afterwards_all_goes_on(
    pool: ProcessPoolExecutor, trouble: str
) -> None:
    assert pool.submit(rounds.troubled, trouble, 1).result() == WELL


@pytest.mark.parametrize("trouble", DISTURBANCES)
def test_frozen_jumped_in_time_or_killed_at_random_everything_ends(
    pool: ProcessPoolExecutor, trouble: str
) -> None:
    assert pool.submit(rounds.troubled, trouble, 1).result() == WELL


def test_a_202_that_left_before_its_sync_is_seen_in_a_trace() -> None:
    synced = "7 fdatasync(9</a/avgate.db-wal>) = 0"
    sent = '7 sendto(12<socket>, "HTTP/1.1 202 Accepted"..., 900, 0, NULL, 0) = 900'
    assert misordered([synced, sent, synced, sent], 2) == []
    assert misordered([synced, sent, sent], 2) == [sent]
