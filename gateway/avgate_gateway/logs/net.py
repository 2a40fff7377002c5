"""The last line of defence: what looks like a person's identifier is blanked, whoever wrote it.

Nothing here is relied on. What is told names nobody by how it is written; this is for the day on which
somebody, or a library, forgets.
"""

from __future__ import annotations

import re
from typing import Final

from stdnum.nl import bsn

BLANK: Final = "[removed]"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MOMENT = r"\d{4}-\d\d-\d\d(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?"
_SUSPECT = re.compile(
    rf"(?P<sure>\b(?:{_UUID}|[0-9a-f]{{32,128}})\b|(?<!\d){_MOMENT})"
    r"|(?P<person>"
    r"[^\s@<>\"'(),;:=/]+@[^\s@<>\"'(),;:=/]+\.[^\W\d_]{2,}"  # e-mail
    r"|\b(?-i:[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30})\b"  # IBAN
    r"|\b[a-z]{2}\d{2}[a-z0-9]{11,30}\b"  # the same without care
    r"|(?<![\w.])(?:\+|00)[1-9](?:[ ().-]{0,2}\d){7,14}(?!\w)"  # telephone, as abroad
    r"|(?<![\w.+-])0[1-9](?:[ ().-]?\d){8}(?!\w)"  # as in the Netherlands
    r"|(?<![\w.])31[1-9]\d{8}(?!\w))"
    r"|(?P<nine>(?<![\w.])\d{9}(?!\w))",
    re.IGNORECASE,
)
_MAY_BE = re.compile(r"@|\d[\d ().-]{6,}\d|[a-z]{2}\d\d", re.IGNORECASE)
_LEAST = 100_000_000
_CLEAN: set[str] = set()
_MOST_KEPT, _LONGEST_KEPT = 4096, 80


def blanked(value: object) -> object:
    """The same, or BLANK in the place of whatever looks like a person's."""
    if isinstance(value, str):
        return value if value in _CLEAN else _looked_through(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return BLANK if value >= _LEAST and _SUSPECT.fullmatch(f"{value:010d}") else value
    if isinstance(value, dict):
        return {str(blanked(str(key))): blanked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [blanked(inner) for inner in value]
    return blanked(str(value))


def _looked_through(value: str) -> str:
    """Most of what is told is told again and again; only what names nobody is remembered."""
    found = _SUSPECT.sub(_judged, value) if _MAY_BE.search(value) else value
    if found == value and len(value) <= _LONGEST_KEPT:
        if len(_CLEAN) >= _MOST_KEPT:
            _CLEAN.clear()
        _CLEAN.add(value)
    return found


def _judged(found: re.Match[str]) -> str:
    text = found[0]
    if found["sure"] or (found["nine"] and not bsn.is_valid(text)):
        return text
    return BLANK
