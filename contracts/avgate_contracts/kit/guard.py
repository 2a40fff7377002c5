"""Sees what a connector does behind its client's back, and keeps it from happening."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Self

_OUTSIDE: Mapping[str, str] = {
    "socket.connect": "a connection of its own",
    "socket.getaddrinfo": "a look-up of a host",
    "socket.gethostbyname": "a look-up of a host",
    "socket.sendto": "a datagram",
    "socket.sendmsg": "a datagram",
    "subprocess.Popen": "another program",
    "os.system": "another program",
    "os.exec": "another program",
    "os.posix_spawn": "another program",
}
_KEEPING = frozenset({"sqlite3.connect", "os.putenv"})
_WRITING = os.O_WRONLY | os.O_RDWR


class BlockedError(OSError):
    """The contract suite lets nothing out but calls through the client that was given."""


class Guard:
    """While entered, nothing of this process reaches a network, another program or a file.

    What was tried stays in `outside` (by kind, without addresses), for the attempt's error may be
    swallowed; writing to files is only noted, in `written`.
    """

    def __init__(self) -> None:
        self.outside: list[str] = []
        self.written = 0

    def __enter__(self) -> Self:
        _install()
        _entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _entered.remove(self)

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Takes one audit event; raises BlockedError for what leads outside."""
        if event == "open":
            self.written += _writes(args)
        elif event in _KEEPING:
            self.written += args[0] != ":memory:"
        elif event in _OUTSIDE:
            self.outside.append(_OUTSIDE[event])
            raise BlockedError(f"blocked by the contract suite: {_OUTSIDE[event]}")


# One hook for the whole process, which cannot be taken out again: it is inert while nobody is in.
_entered: list[Guard] = []
_installed: list[bool] = []


def _install() -> None:
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _entered and (event == "open" or event in _KEEPING or event in _OUTSIDE):
        _entered[-1].note(event, args)


def _writes(args: tuple[Any, ...]) -> bool:
    """Whether an `open` event is of a file on disk that may be written to."""
    path, _, flags = args
    named = path if isinstance(path, str) else ""
    is_file = bool(named) and not named.startswith(("/dev/", "/proc/"))
    return is_file and "__pycache__" not in named and bool(flags & _WRITING)
