"""Runs a partner's code for no longer than a while, whatever it does."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import PurePath
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class StrangerError(Exception):
    """A partner's code failed; the message says with what and where, and never what it said."""


class _Work(Thread, Generic[T]):
    """A thread that keeps what came of it.

    Python has no way to end a thread: one that hangs is left to itself, and ends with the process.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True, name="avgate-connector")
        self._work = work
        self.results: list[T] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.results.append(self._work())
        except BaseException as error:  # noqa: BLE001 -- SystemExit too: a plugin must not end the gateway
            self.error = error


def bounded(work: Callable[[], T], seconds: float) -> T:
    """What came of the work; raises StrangerError where it failed or took longer.

    What it prints goes to standard error, for standard output may be read by a program.
    """
    thread = _Work(work)
    with redirect_stdout(sys.stderr):
        thread.start()
        thread.join(seconds)
    if thread.error is not None:
        raise StrangerError(_told(thread.error)) from None
    if not thread.results:
        raise StrangerError(f"did not end within {seconds:g} seconds")
    return thread.results[0]


def _told(error: BaseException) -> str:
    """The kind of error and where it came from; a message may hold anything, a module's name not."""
    missing = error.name if isinstance(error, ImportError) else None
    what = f"{type(error).__name__}: {missing}" if missing else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    where = [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno}"
        for frame in frames
        if not frame.filename.startswith("<") and frame.filename != __file__
    ]
    return f"failed with {what}" + (f" at {where[-1]}" if where else "")
