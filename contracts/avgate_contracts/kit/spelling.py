"""The spellings in which upstreams have one value: a number with and without its country."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote
from xml.sax.saxutils import escape


def spellings(value: str) -> set[str]:
    """A value as it may stand in a body: plain, escaped as JSON, XML or URL, or as a local number."""
    found = {value, value.casefold()}
    if re.fullmatch(r"\+[0-9]{7,15}", value):
        found |= {value[1:], f"00{value[1:]}", f"0{value[3:]}", f"({value[:3]}) {value[3:]}"}
    found |= {json.dumps(each)[1:-1] for each in list(found)}
    found |= {escape(each) for each in list(found)} | {quote(each, safe="") for each in list(found)}
    return found


def appears(value: str, bodies: Iterable[bytes]) -> bool:
    """Whether one of the bodies says it, in any spelling, spacing or case."""
    wanted = {_plain(each) for each in spellings(value)}
    parts = [_plain(word) for word in re.findall(r"\w+", value)] if " " in value else []
    for body in bodies:
        text = _plain(body.decode("utf-8", "replace"))
        if any(each in text for each in wanted) or (parts and all(part in text for part in parts)):
            return True
    return False


def _plain(text: str) -> str:
    return re.sub(r"[\s\-().]+", "", text).casefold()
