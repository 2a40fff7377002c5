"""Reads the whole chain of evidence again, by as many processes as there are processors.

Each reads a stretch by itself (`proving.stretch`); here they are joined in their order, so the first
entry that does not fit is the one that is named, whichever process came upon another before.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.proving import tree
from avgate_gateway.proving.examination import Examination
from avgate_gateway.proving.stretch import Stretch
from avgate_gateway.store import encrypted_file, evidence
from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.cut_short import why_unusable
from avgate_gateway.store.synchronous import engine_of

SIZE = 128 * tree.TILE  # a power of two, so that a stretch's tree is a subtree of the whole
_MOMENT_SECONDS = 0.1


class UnreadableError(Exception):
    """The database could not be read; the message says why, and nothing of a row."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the evidence is, and the keys that open it: for another process, which is given them by a pipe."""

    url: str
    file_key: bytes | None = field(default=None, repr=False)
    evidence_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """One stretch to be read: the entries after one, up to and with another."""

    place: Place
    after: int
    until: int
    sizes: frozenset[int]
    expected: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """All that is to be read: how long it is, what was signed of it, and a digest that ought to be in it."""

    place: Place
    length: int
    checkpoints: Mapping[int, bytes]
    expected: str | None = None

    def tasks(self, size: int) -> list[Task]:
        ends = [(after, min(after + size, self.length)) for after in range(0, self.length, size)]
        return [Task(self.place, *end, self._sizes(*end), self.expected) for end in ends]

    def _sizes(self, after: int, until: int) -> frozenset[int]:
        return frozenset(size for size in self.checkpoints if after < size <= until)


@dataclass(frozen=True, slots=True)
class Whole:
    """A chain in which every entry fits."""

    length: int
    last: str
    has_expected: bool
    damaged_pages: int


def examined(
    log: Log, told: Callable[[int], None], *, processes: int | None = None, size: int = SIZE
) -> Whole:
    """Reads all of it; raises MisfitError at the first entry that does not fit, UnreadableError.

    `size` is a power of two, the entries of a stretch. `told` hears how many were joined.
    """
    tasks = log.tasks(size)
    check = Examination(Attesting(log.place.evidence_key).code, log.checkpoints)
    is_met = log.expected is None
    pool = _pool(min(processes or os.cpu_count() or 1, len(tasks)))
    try:
        pages = pool.submit(damaged_pages, log.place)  # first: it takes as long as some stretches
        for stretch, has_it in pool.map(read, tasks):
            check.join(stretch)
            is_met = is_met or has_it
            told(check.number)
        check.end()
        return Whole(check.number, check.last, is_met, pages.result())
    finally:
        pool.shutdown(cancel_futures=True)


def read(task: Task) -> tuple[Stretch, bool]:
    """A stretch, and whether the expected digest is in it; raises UnreadableError."""
    engine = engine_of(task.place.url, task.place.file_key, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            ends = {"after": task.after, "until": task.until}
            # The driver's own tuples: SQLAlchemy's would be made of them for nothing.
            rows = connection.execute(evidence.ROWS, ends).cursor.fetchall()
    except (sa.exc.SQLAlchemyError, sqlite.Error) as error:
        raise UnreadableError(why_unusable(error)) from None
    finally:
        engine.dispose()
    stretch = Stretch(task.after, task.sizes)
    stretch.read(rows, Attesting(task.place.evidence_key).code)
    stretch.end_at(task.until)
    is_met = task.expected is not None and any(row[7] == task.expected for row in rows)
    return stretch, is_met


def damaged_pages(place: Place) -> int:
    """How many pages of an encrypted file were changed, wherever they are; raises UnreadableError."""
    if place.file_key is None:
        return 0
    try:
        return len(encrypted_file.damaged_pages(encrypted_file.path_of(place.url), place.file_key))
    except sqlite.Error as error:
        raise UnreadableError(why_unusable(error)) from None


def _pool(processes: int) -> Executor:
    """A thread where one is enough: another process takes half a second to begin."""
    if processes <= 1:
        return ThreadPoolExecutor(1)
    way = multiprocessing.get_context(start_method())
    return ProcessPoolExecutor(processes, way, initializer=_leave_interrupts_to_the_parent)


def start_method() -> Literal["fork", "spawn"]:
    """How another process is begun: what other threads held would be held in a forked one for ever."""
    return "fork" if _is_alone() else "spawn"


def _is_alone() -> bool:
    """Whether no other thread is left, once those have ended that are about to."""
    for other in set(threading.enumerate()) - {threading.current_thread()}:
        other.join(_MOMENT_SECONDS)
    return threading.active_count() == 1


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
