"""Mistakes in a form as staff are told them: what the API says of a body, in everyday words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_ANY: Final = "This cannot be taken."
PLAINLY: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"is required|must be at least \d+ characters long|must hold more than spaces",
         "Fill this in."),
        (r"must be one of .*", "Choose one of these."),
        (r"must be at most \d+ characters long|must hold at most \d+", "This is too long."),
        (r"must be a date, .*", "Fill in a day."),
        (r"must be a moment .*|must name its zone, .*|is not a moment .*",
         "Fill in a day and a time."),
        (r"must not lie in the future", "This lies in the future."),
        (r"must be at most 31 days ago",
         "This is more than a month ago. Leave it empty, and tell your colleagues in a note."),
        (r"valid_until must be later than valid_from", "This day has to be later than the first."),
        (r"a phone .*|a Dutch phone .*",
         "This is no telephone number. Write it such as 020 123 4567 or +31 20 123 4567."),
        (r"an email .*", "This is no e-mail address."),
        (r"an ip .*", "This is no IP address."),
        (r"a customer_id .*", "A customer number has letters and digits, and no spaces."),
        (r"an? (xelion_id|iccid|imsi) .*", "This is not how such a number is written."),
        (r"a name_address .*", "Write the name and the address, without * % ? and _."),
        (r"a name\.\w+ holds .*|a address\.(street|city) holds .*",
         "There has to be a letter in it."),
        (r"a address\.\w+ holds at least one digit", "There has to be a digit in it."),
        (r"must be one line, .*|a \w+ must be 1 to .*|a \w+ is written in plain characters: .*",
         "There is something in it that cannot be typed."),
        (r"from and to are the same: .*", "Both are the same: there is nothing to correct."),
        (r"a bank_account is .*", "This is no account number (IBAN): look at the digits."),
        (r"must be an age public key: .*", "An age key begins with age1 and has 62 characters."),
        (r".*citizen service number.*",
         "This looks like a citizen service number (BSN). Leave it out: it may not be kept."),
        (r"holds the machine-readable zone .*",
         "This was read off an identity document. Leave it out: it may not be kept."),
        (r"holds an image: .*",
         "This holds a picture. Write down how identity was established instead."),
        (r"a rectification needs changes: .*", "Fill in what has to be corrected."),
        (r"each field may be changed once", "Each field can be corrected once."),
        (r"a recipient belongs to .*", "Only a copy can be sealed: choose access or portability."),
        (r"Name connectors of this controller: .*", "Choose one of these."),
    )
)  # fmt: skip


def plainly(detail: str) -> str:
    """The sentence for a mistake; one for all others where it has none of its own."""
    told = detail.removeprefix("to: ")
    return next((sentence for pattern, sentence in PLAINLY if pattern.fullmatch(told)), _ANY)


def in_words(detail: str | None, gettext: Callable[[str], str], language: str) -> str:
    """What stands in the way, in the reader's language; nothing where there is no Dutch for it.

    The heading and the next step stand beside it, so that nobody is left with English.
    """
    if not detail:
        return ""
    known = gettext(detail)
    if known != detail:
        return known
    plain = plainly(detail)
    if plain != _ANY:
        return gettext(plain)
    return detail if language == "en" else ""
