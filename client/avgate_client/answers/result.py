"""What is handed out: the versions of the letter, and the copy on its way to a successor."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from avgate_client.answers.answer import Answer


class LetterVersion(Answer):
    """One version of the letter; `kept`: it can still be had."""

    version: int
    language: str
    providers: bool
    made_at: datetime
    size: int
    sha256: str
    kept: bool


class LetterList(Answer):
    """All versions."""

    items: tuple[LetterVersion, ...]


class Receipt(Answer):
    """That the copy lies at its destination, and under which name."""

    at: datetime
    name: str
    answer: str | None = Field(None, repr=False)


class Handover(Answer):
    """One copy to one destination."""

    id: str
    destination: str
    state: str
    attempts: int
    next_attempt_at: datetime | None = None
    size: int | None = None
    sha256: str | None = None
    code: str | None = None
    reason: str | None = None
    receipt: Receipt | None = None


class HandoverList(Answer):
    """All hand-overs of a request."""

    items: tuple[Handover, ...]
