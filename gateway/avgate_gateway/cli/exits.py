"""What the command line exits with, and the one way in which it fails."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    WRONG = 1
    USAGE = 2
    NOT_FOUND = 3
    WAITS_FOR_A_PERSON = 4
    NOT_ALL_DONE = 5
    UNREACHABLE = 6
    UNDER_WAY = 7
    INTERRUPTED = 130


MEANINGS: Mapping[Exit, str] = {
    Exit.DONE: "It is done; without `--wait`, it is recorded.",
    Exit.WRONG: "It was refused, or it found that something is not as it should be.",
    Exit.USAGE: "The command line, the settings or the database must be put right; nothing was done.",
    Exit.NOT_FOUND: "There is no such request or task for this controller.",
    Exit.WAITS_FOR_A_PERSON: "The request waits for identity, approval, or work by hand.",
    Exit.NOT_ALL_DONE: "The request is closed, and something of it was refused or not done.",
    Exit.UNREACHABLE: "The gateway does not answer, or not now.",
    Exit.UNDER_WAY: "The request was followed for as long as was asked, and is not closed.",
    Exit.INTERRUPTED: "Ctrl-C.",
}


class CommandError(Exception):
    """A command that ends here; the message is one line that says what to do, and names nobody."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code
