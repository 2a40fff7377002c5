"""What callers read of work that is left to people, for the description: it is sent as ready bytes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.api.views import View
from avgate_gateway.retention import PersonsGround


class TaskItemView(View):
    """One item that a task is about."""

    ref: str = Field(description="The upstream's own name for it.")
    category: Category
    product: Product
    since: date | None = Field(description="The day from which its terms run.")


class KeptView(View):
    """That the items of a task were not erased but have to stay."""

    ground: PersonsGround
    until: date = Field(description="The last day on which they stay.")


class TaskView(View):
    """Something for a person to do by hand."""

    id: str
    request_id: str
    connector: str
    category: Category | None = Field(description="Null of what is about no known items.")
    product: Product | None
    count: int = Field(description="How many items it was made for.")
    reason_code: str
    reason: str
    due: date
    state: Literal["open", "completed"]
    made_at: datetime
    completed_at: datetime | None
    completed_by: str | None
    kept: KeptView | None = Field(description="Where its completion said that they have to stay.")
    items: list[TaskItemView] | None = Field(
        None,
        description="The first 100 items of an open task; not told without `tasks:complete`, and null "
        "once the references are destroyed.",
    )
    items_total: int
    note: str | None = Field(description="Of whoever submitted the request.")
    evidence: str | None = Field(description="What whoever completed it wrote.")


class TaskListView(View):
    """A page of tasks."""

    items: list[TaskView]
    next: str | None
