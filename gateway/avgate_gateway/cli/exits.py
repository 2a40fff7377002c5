"""What the command line exits with, and the one way in which it fails."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; `docs/operate.md` lists them."""

    DONE = 0
    WRONG = 1  # it was carried out, and something is not as it should be
    USAGE = 2  # the command line or the settings must be corrected
    NOT_FOUND = 3
    WAITS_FOR_A_PERSON = 4  # for approval, identity, or work by hand
    NOT_ALL_DONE = 5  # the request is closed, and something of it was not done
    UNREACHABLE = 6  # the gateway does not answer
    UNDER_WAY = 7  # it was waited for as long as was asked, and is not closed
    INTERRUPTED = 130


class CommandError(Exception):
    """A command that ends here; the message is one line that says what to do, and names nobody."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code
