"""The number by which people speak of a request: short enough to say on the telephone and to type.

It is the beginning of the request's id, so nothing has to be kept for it; two requests with one
number would take tens of thousands of them, and then both are shown.
"""

from __future__ import annotations

import re
from uuid import UUID

_DIGITS = 8
_FIRST, _LAST = str(UUID(int=0)), str(UUID(int=2**128 - 1))
_TYPED = re.compile(r"AVG-?([0-9A-F]{4})-?([0-9A-F]{4})", re.IGNORECASE)


def case_number(request_id: str) -> str:
    """Such as AVG-7F3A-9C21."""
    digits = request_id[:_DIGITS].upper()
    return f"AVG-{digits[:4]}-{digits[4:]}"


def beginning_of_id(typed: str) -> str | None:
    """How the id begins of whatever has this number, however it was typed; None for no number."""
    match = _TYPED.fullmatch("".join(typed.split()))
    return (match[1] + match[2]).lower() if match else None


def ids_beginning_with(digits: str) -> tuple[str, str]:
    """The first id that begins so, and the last: each in the form of an id.

    Which of two texts comes first is the database's to say, and most take a dash, or a letter that no id has,
    for another place than bytes would.
    """
    return f"{digits}{_FIRST[len(digits) :]}", f"{digits}{_LAST[len(digits) :]}"
