"""Texts for the cells of a CSV that no spreadsheet can be made to run (CWE-1236).

A text is led by an apostrophe, the spreadsheets' own sign for "this is text", if its first visible
character, full-width forms read as plain ones, is one of = + - @ | %, or if it begins with a tab or
a line break. So is what follows a comma or a semicolon inside it: a spreadsheet of another language
parts the cells there. Control characters become spaces. So the telephone number +31612345678 is
written '+31612345678: whole, readable, and text, where without the sign it would turn into the
number 31612345678.
"""

from __future__ import annotations

import re
import unicodedata

TEXT_SIGN = "'"

_BEGINS_A_FORMULA = frozenset("=+-@|%\u2212")  # the last is the minus sign of mathematics
_PART_BEGINS_A_FORMULA = re.compile(  # a sign that nothing follows is a price: 12,-
    r"""([,;][\s"'\u200b-\u200f\u2060\ufeff]*)(?=[=+\-@|%\u2212\uff1d\uff0b\uff0d\uff20\uff5c\uff05]\S)"""
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula, in whole or in part, on one line."""
    if "," in text or ";" in text:
        text = _PART_BEGINS_A_FORMULA.sub(rf"\1{TEXT_SIGN}", text)
    if text[:1].isalnum() and text.isprintable():
        return text
    line = _CONTROL.sub(" ", text)
    visible = next((c for c in line if unicodedata.category(c)[0] not in "CZ"), "")
    begins_with_control = line[:1] != text[:1]
    if begins_with_control or unicodedata.normalize("NFKC", visible)[:1] in _BEGINS_A_FORMULA:
        return TEXT_SIGN + line
    return line
