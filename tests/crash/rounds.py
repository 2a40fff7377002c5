"""Many runs side by side, each in a lane of its own process, with a count of what they found."""

from __future__ import annotations

import asyncio
import atexit
import logging
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from avgate_mocks.people import Person

from ..flow.conftest import begun
from . import traced
from .checks import Truth
from .cuts import Found, Recording, cut_all, record
from .deaths import Death, Outcome, dies, reference
from .flips import flip
from .house import PEOPLE, SEED, prepare
from .lane import Lane
from .operations import SMALL
from .troubles import TROUBLES
from .wrong import Kind, told

Reference = tuple[list[tuple[str, str]], Truth]
_lanes: list[Lane] = []
_recordings: list[Recording] = []


def _lane() -> Lane:
    """The lane of this process."""
    if not _lanes:
        for name in ("asyncio", "uvicorn.error"):  # of mocks whose callers die
            logging.getLogger(name).setLevel(logging.CRITICAL)
        folder = Path(tempfile.mkdtemp(prefix="avgate-crash-"))
        _lanes.append(Lane.open(folder))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(_lanes[0].close)
        asyncio.run(prepare(_lanes[0]))
    return _lanes[0]


def _reference(operation: str, counts: str, plant: str) -> Reference:
    return asyncio.run(reference(_lane(), operation, counts, plant))


def _dies(death: Death, expected: Truth) -> Outcome:
    return asyncio.run(dies(_lane(), death, expected))


@contextmanager
def lanes(number: int) -> Iterator[ProcessPoolExecutor]:
    """Processes, each with a lane."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(number, mp_context=context) as pool:
        yield pool


def references(
    pool: ProcessPoolExecutor, operations: Sequence[str], counts: str = "steps", plant: str = ""
) -> dict[str, Reference]:
    """The points of each operation, and how it comes out; raises WrongError where one comes out wrong."""
    asked = asked_references(pool, operations, counts, plant)
    return {name: one.result() for name, one in asked.items()}


def asked_references(
    pool: ProcessPoolExecutor, operations: Sequence[str], counts: str, plant: str
) -> dict[str, Future[Reference]]:
    return {name: pool.submit(_reference, name, counts, plant) for name in operations}


def outcomes(
    pool: ProcessPoolExecutor, deaths: Sequence[Death], known: dict[str, Reference]
) -> Iterator[Outcome]:
    """What came of each, as they come in."""
    asked: list[Future[Outcome]] = [
        pool.submit(_dies, death, known[death.operation][1]) for death in deaths
    ]
    for one in as_completed(asked):
        yield one.result()


def troubled(name: str, seed: int) -> tuple[Kind | None, str]:
    """What is wrong after a trouble, of which kind; empty if nothing is."""
    try:
        asyncio.run(TROUBLES[name](_lane(), seed))
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is what the run found
        return told(error)
    return None, ""


def cut(number: int, seed: int) -> Found:
    """So many power cuts in a record of this lane's own."""
    return cut_all(recording(), _lane().folder / "cut", number, seed)


def recording() -> Recording:
    """The record of this lane's own, made once."""
    if not _recordings:
        _recordings.append(asyncio.run(record(_lane())))
    return _recordings[0]


def flipped(number: int, seed: int) -> dict[str, dict[str, int]]:
    """What notices a flipped bit in a store that was used."""
    lane = _lane()
    asyncio.run(record(lane))
    return flip(lane.folder / "run", lane.folder / "flip", number, seed)


def ordered() -> list[str]:
    """The 202s that left before their sync had come back."""
    with _served() as (folder, person):
        return traced.order(folder, person)


def killed_by_kernel(seed: int) -> str:
    """What is wrong after a death at a write; empty if nothing is."""
    try:
        with _served() as (folder, person):
            return traced.die(folder, person, seed)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is what the run found
        return told(error)[1]


@contextmanager
def _served() -> Iterator[tuple[Path, Person]]:
    """A folder with a config, and the mocks it names, as processes of their own."""
    with tempfile.TemporaryDirectory(prefix="avgate-traced-") as place:
        folder = Path(place)
        mocks = begun(folder, seed=SEED, people=PEOPLE)
        try:
            yield folder, mocks.everyone[SMALL - 1]
        finally:
            mocks.end()
