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

from .checks import Truth
from .deaths import Death, Outcome, dies, reference
from .house import Lane, prepare

Reference = tuple[list[tuple[str, str]], Truth]
_lanes: list[Lane] = []


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
    """The points of each operation, and how it comes out."""
    asked = {name: pool.submit(_reference, name, counts, plant) for name in operations}
    return {name: one.result() for name, one in asked.items()}


def outcomes(
    pool: ProcessPoolExecutor, deaths: Sequence[Death], known: dict[str, Reference]
) -> Iterator[Outcome]:
    """What came of each, as they come in."""
    asked: list[Future[Outcome]] = [
        pool.submit(_dies, death, known[death.operation][1]) for death in deaths
    ]
    for one in as_completed(asked):
        yield one.result()
