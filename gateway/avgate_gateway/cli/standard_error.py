"""Where lines of the log are written: whoever reads them, or does not, keeps nobody waiting.

A pipe takes 64 KiB, and then holds up whoever writes until somebody reads on: a terminal that was stopped,
a log shipper that hangs. A process that waits there answers nobody, yet keeps what it has claimed. So a line
is written at once where there is room for it, and otherwise left, in order, to a thread that waits.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections import deque
from contextlib import suppress

from avgate_gateway.logs.catalogue import LOG_LOST

_AT_ONCE = 4096  # bytes that a pipe has room for if it has any (PIPE_BUF)
_MOST_KEPT = 10_000  # lines, which are a few megabytes
_LAST_SECONDS = 1.0


class PatientHandler(logging.Handler):
    """Writes lines to a descriptor and never waits for it; what is lost is counted, and told once there is room."""

    def __init__(self, descriptor: int, most_kept: int = _MOST_KEPT) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._most_kept = most_kept
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)
        self._turn = threading.Lock()
        self._kept: deque[bytes] = deque()
        self._waits: threading.Thread | None = None
        self._lost = 0
        self._is_well = True  # the last line arrived, as far as we know

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
        except Exception:  # noqa: BLE001 -- Python's own way would print what the line holds
            self._lost += 1
            return
        with self._turn:
            self._take(line)
        self._tell_of_lost()

    def flush(self) -> None:
        """At the end of the process: gives whoever reads a moment for what is kept."""
        if (waits := self._waits) is not None:
            waits.join(_LAST_SECONDS)

    def _take(self, line: bytes) -> None:
        if self._waits is None and not self._kept:
            line = self._written(line)
            if not line:
                return
        if len(self._kept) >= self._most_kept:
            self._lost += 1
            return
        self._kept.append(line)
        if self._waits is None:
            waits = threading.Thread(target=self._wait, name="log", daemon=True)
            with suppress(RuntimeError):  # where no thread can be had, the next line asks for one
                waits.start()
                self._waits = waits

    def _written(self, line: bytes) -> bytes:
        """Writes what there is room for now, and returns the rest."""
        try:
            while line and self._room.poll(0):
                line = line[os.write(self._descriptor, line[:_AT_ONCE]) :]
            self._is_well = self._is_well or not line
        except BlockingIOError:  # somebody else wrote there, or there is room for less
            pass
        except OSError:  # whoever read it has gone, or its disk is full
            self._is_well = False
            self._lost += 1
            line = b""
        return line

    def _wait(self) -> None:
        while (line := self._next()) is not None:
            while line:
                self._room.poll()
                line = self._written(line)
        self._tell_of_lost()

    def _next(self) -> bytes | None:
        with self._turn:
            if self._kept:
                return self._kept.popleft()
            self._waits = None
            return None

    def _tell_of_lost(self) -> None:
        with self._turn:
            if not self._lost or not self._is_well or self._waits is not None:
                return
            count, self._lost = self._lost, 0
        LOG_LOST.tell(count=count)
