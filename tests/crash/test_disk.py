"""The quick form of what `make crash` does to the disk: power cuts, a full disk, errors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from . import rounds
from .cuts import Recording, cut_all
from .traced import misordered

CUTS = 60


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with rounds.lanes(1) as made:
        yield made


@pytest.fixture(scope="module")
def recording(pool: ProcessPoolExecutor) -> Recording:
    return pool.submit(rounds.recording).result()


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
    found = cut_all(replace(recording, steps=steps), tmp_path, len(steps) // 20, seed=1)
    assert any("promised" in wrong for wrong in found.wrong)


def test_a_store_that_never_syncs_is_found(recording: Recording, tmp_path: Path) -> None:
    steps = [step for step in recording.steps if step.what != "sync"]
    assert cut_all(replace(recording, steps=steps), tmp_path, CUTS, seed=1).wrong


@pytest.mark.parametrize("trouble", ["disk_full", "sync_error"])
def test_while_the_disk_fails_everybody_is_told_and_afterwards_all_goes_on(
    pool: ProcessPoolExecutor, trouble: str
) -> None:
    assert pool.submit(rounds.troubled, trouble, 1).result() == (None, "")


@pytest.mark.parametrize("trouble", ["frozen", "clock_back", "clock_ahead", "at_random"])
def test_frozen_jumped_in_time_or_killed_at_random_everything_ends(
    pool: ProcessPoolExecutor, trouble: str
) -> None:
    assert pool.submit(rounds.troubled, trouble, 1).result() == (None, "")


def test_a_202_that_left_before_its_sync_is_seen_in_a_trace() -> None:
    synced = "7 fdatasync(9</a/avgate.db-wal>) = 0"
    sent = '7 sendto(12<socket>, "HTTP/1.1 202 Accepted"..., 900, 0, NULL, 0) = 900'
    assert misordered([synced, sent, synced, sent], 2) == []
    assert misordered([synced, sent, sent], 2) == [sent]
