"""What people must do by hand."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from avgate_client.answers.answer import Answer


class TaskItem(Answer):
    """One item of a task, by the upstream's own name for it."""

    ref: str = Field(repr=False)
    category: str
    product: str
    since: date | None


class Kept(Answer):
    """That items were not erased but have to stay: the ground's code, and the last day."""

    ground: str
    until: date


class Task(Answer):
    """Something for a person to do by hand; `items` are told to those who may do it."""

    id: str
    request_id: str
    connector: str
    category: str | None
    product: str | None
    count: int
    reason_code: str
    reason: str
    due: date
    state: str
    made_at: datetime | None = None
    completed_at: datetime | None = None
    completed_by: str | None = Field(None, repr=False)
    kept: Kept | None = None
    note: str | None = Field(None, repr=False)
    evidence: str | None = Field(None, repr=False)
    items: tuple[TaskItem, ...] | None = None
    items_total: int


class TaskPage(Answer):
    """A page of tasks."""

    items: tuple[Task, ...]
    next: str | None
