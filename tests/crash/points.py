"""Counts the points a process passes at which it may die, and kills it at the one that is meant.

What is counted is written to a trace before anything else, so a dead process has said where it died.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LAYOUT = struct.Struct("IIII")  # armed, die at, passed, fault
TRACE, CONTROL = "trace", "control"


@dataclass(slots=True)
class Control:
    """What runner and process tell each other while both run: a few numbers in a mapped file."""

    _shared: mmap.mmap

    @classmethod
    def make(cls, folder: Path, *, die_at: int, armed: bool, fault: int = 0) -> Control:
        (folder / CONTROL).write_bytes(_LAYOUT.pack(armed, die_at, 0, fault))
        (folder / TRACE).touch()
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Control:
        with (folder / CONTROL).open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), _LAYOUT.size))

    def _get(self, place: int) -> int:
        return int(_LAYOUT.unpack_from(self._shared)[place])

    def _set(self, place: int, value: int) -> None:
        struct.pack_into("I", self._shared, 4 * place, value)

    @property
    def armed(self) -> bool:
        return bool(self._get(0))

    @armed.setter
    def armed(self, is_armed: bool) -> None:
        self._set(0, is_armed)

    @property
    def die_at(self) -> int:
        return self._get(1)

    @property
    def passed(self) -> int:
        return self._get(2)

    @passed.setter
    def passed(self, number: int) -> None:
        self._set(2, number)

    @property
    def fault(self) -> int:
        """The fault of the disk that is in force; see `disk.Fault`."""
        return self._get(3)

    @fault.setter
    def fault(self, number: int) -> None:
        self._set(3, number)


@dataclass(slots=True)
class Points:
    """The process's side: everything that counts is told here."""

    control: Control
    trace: int  # file descriptor
    on: tuple[str, str, int] | None = None
    met: int = 0  # of those that `on` means
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, folder: Path, on: Sequence[Any] | None = None) -> Points:
        trace = os.open(folder / TRACE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return cls(Control.open(folder), trace, (on[0], on[1], on[2]) if on else None)

    def passes(self, kind: str, label: str) -> None:
        if not self.control.armed:
            return
        with self.lock:
            number = self.control.passed + 1
            self.control.passed = number
            os.write(self.trace, f"{number} {kind} {label}\n".encode())
            if self.on is not None and kind == self.on[0] and self.on[1] in label:
                self.met += 1
            is_meant = self.on is not None and self.met == self.on[2]
            if number == self.control.die_at or is_meant:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()  # nothing more happens, however long the signal takes


def passed(folder: Path) -> list[tuple[str, str]]:
    """Kind and label of every point in a trace, in order."""
    lines = (folder / TRACE).read_text().splitlines()
    return [(kind, label) for _, kind, label in (line.split(" ", 2) for line in lines)]
