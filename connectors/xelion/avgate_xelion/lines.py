"""Reads how somebody is reached: the text of a line on a card, a number or an e-mail address."""

from __future__ import annotations

import re

import avgate_contracts as sdk

_NO_DIGIT = re.compile(r"[^0-9]")
_LAST = 4  # digits; no number is shorter
# What stands between digits beside a hyphen: 070/3456789, and the dashes of Windows-1252.
_BETWEEN = str.maketrans(dict.fromkeys("/\u2013\u2014", "-"))


def identifier(text: str | None) -> sdk.Identifier | None:
    """In canonical form; None for what is neither a number nor an e-mail address."""
    is_mail = "@" in (text or "")
    kind = sdk.IdentifierKind.EMAIL if is_mail else sdk.IdentifierKind.PHONE
    written = (text or "") if is_mail else (text or "").translate(_BETWEEN)
    try:
        return sdk.Identifier.of(kind, written)
    except sdk.InvalidIdentifierError:
        return None


def may_be(text: str | None, mine: sdk.Identifier) -> bool:
    """Whether it is worth reading: the list holds everybody, and a number is slow to read.

    However a number is written, its last digits are the same.
    """
    if mine.kind is not sdk.IdentifierKind.PHONE:
        return "@" in (text or "")
    return _NO_DIGIT.sub("", text or "")[-_LAST:] == mine.value[-_LAST:]
