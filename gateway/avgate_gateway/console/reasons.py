"""Why somebody looks at a person's data without a request: one of a few reasons, and a ticket's number.

It is evidence, which is kept for ever and holds no personal data. So there is no room for a story:
the reason is a word of this list, and the number one that leads to the story elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from avgate_contracts.identifier import Identifier

REASONS: Final = {
    "asks_if_known": "The person asks whether we know them",
    "before_request": "To see which request fits, before it is taken in",
    "complaint": "To answer a complaint or an objection",
    "wrong_person": "To see whether something is about another person",
    "authority": "A supervisor or a court asks",
    "other": "Another reason, which the ticket tells",
}
WRONGS: Final = {
    "none": "Say why you need to see this: it is written down.",
    "no ticket": "Give the number of the ticket that tells the reason.",
    "no number": "A ticket has a number, such as T-1234: no name, telephone or customer number, for it is kept.",
}
_TELLS_NOTHING: Final = "other"
_TICKET: Final = re.compile(r"[A-Z]{0,8}[-# ]?[0-9]{1,8}", re.IGNORECASE)
_TELLING: Final = 4  # characters from which on a part of an identifier says whose it is


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of `REASONS`, and the number of a ticket or nothing."""

    code: str
    ticket: str


def wrong_with(reason: Reason, known: Sequence[Identifier]) -> str | None:
    """What is wrong with a reason that was typed; nothing by which the person is known is a ticket."""
    if reason.code not in REASONS:
        return WRONGS["none"]
    if not reason.ticket:
        return WRONGS["no ticket"] if reason.code == _TELLS_NOTHING else None
    plain = _plain(reason.ticket)
    is_theirs = any(plain in _plain(one.value) for one in known) and len(plain) >= _TELLING
    if is_theirs or not _TICKET.fullmatch(reason.ticket):
        return WRONGS["no number"]
    return None


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
