"""Keeps what is in memory and in new files to the process that has it."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

_OWNER_ONLY = 0o077
_STANDARD_ERROR = 2
_PR_SET_DUMPABLE = 4  # Linux, include/uapi/linux/prctl.h


def keep_to_itself() -> None:
    """No core dump, no debugger of another user's, and no file that others can read.

    In the memory of a gateway are keys, and people whose requests it works on.
    """
    os.umask(_OWNER_ONLY)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(AttributeError, OSError):  # only Linux has it
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def open_standard_streams() -> None:
    """Has nothing in the place of each that is closed: the next file or socket would get its number.

    What a library says on standard error would go there, and the event loop refuses to close it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(number, True)
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 -- to the end
