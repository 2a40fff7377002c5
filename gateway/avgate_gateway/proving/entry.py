"""What an entry of the evidence is digested from: the exact text, so that anybody can digest it again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

BEGINNING = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000  # microseconds
_text = json.encoder.encode_basestring_ascii  # what JSON's own encoder makes of a text


class Row(NamedTuple):
    """An entry, for whoever shows it."""

    sequence: int
    at: datetime
    controller: str
    request_id: str | None
    event: str
    details: str
    previous: str
    digest: str
    code: bytes | None


class Stored(NamedTuple):
    """An entry as it stands in the database, to be examined: its moment is in microseconds since 1970."""

    sequence: int
    at: int
    controller: str
    request_id: str | None
    event: str
    details: str
    previous: str
    digest: str
    code: bytes | None


def content(at: str, controller: str, request_id: str | None, event: str, details: str) -> str:
    """What an entry tells, as it is digested and attested: JSON without the brackets around it."""
    whose = "null" if request_id is None else _text(request_id)
    return f'"{at}",{_text(controller)},{whose},{_text(event)},{_text(details)}'


def digested(sequence: int, content: str, previous: str) -> str:
    """The digest of an entry: over its number, its content and the digest of the one before."""
    return sha256(f'[{sequence},{content},"{previous}"]'.encode()).hexdigest()


def worded(moment: int) -> str:
    """Microseconds since 1970 as `datetime.isoformat` words the moment, in a third of its time."""
    seconds, rest = divmod(moment, _SECOND)
    return f"{_second(seconds)}.{rest:06}+00:00" if rest else f"{_second(seconds)}+00:00"


@lru_cache(256)
def _second(number: int) -> str:
    return (_EPOCH + timedelta(seconds=number)).isoformat()[:19]
