"""A database that a command cannot use: why, and the exit code."""

from __future__ import annotations

from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.store.cut_short import is_damage, why_unusable


def unusable(error: Exception, look: str = "") -> CommandError:
    """What ends the command; `look`: where to look besides.

    Only a file that was damaged is something that a check found: else nothing was looked at.
    """
    code = Exit.WRONG if is_damage(error) else Exit.USAGE
    return CommandError("; ".join(filter(None, (why_unusable(error), look))), code)
