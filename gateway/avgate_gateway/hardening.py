"""Keeps what is in memory and in new files to the process that has it."""

from __future__ import annotations

import ctypes
import os
import resource
from contextlib import suppress

_OWNER_ONLY = 0o077
_PR_SET_DUMPABLE = 4  # Linux, include/uapi/linux/prctl.h


def keep_to_itself() -> None:
    """No core dump, no debugger of another user's, and no file that others can read.

    In the memory of a gateway are keys, and people whose requests it works on.
    """
    os.umask(_OWNER_ONLY)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(AttributeError, OSError):  # only Linux has it
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
