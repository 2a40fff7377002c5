"""The links of the chain: as events while they happen, as evidence afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from avgate_client.answers.answer import Answer


class Event(Answer):
    """One thing that happened; `digest` is made over it and the one before it."""

    sequence: int
    at: datetime
    controller: str
    request_id: str | None
    event: str
    details: dict[str, Any]
    previous: str
    digest: str


class Entry(Event):
    """An event as evidence, with the words that staff wrote about it, until those are destroyed."""

    remark: str | None = Field(None, repr=False)


class EntryPage(Answer):
    """A page of the chain."""

    items: tuple[Entry, ...]
    next: str | None
