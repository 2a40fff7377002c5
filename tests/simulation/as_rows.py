"""The model's request, tasks and items where the flow's own decisions ask for rows.

They have what those decisions read and nothing else, which no type can say; so it is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import item, tasks

from .world import Item, World


def request_of(world: World) -> SubjectRequest:
    return cast("SubjectRequest", world.request)


def tasks_of(world: World) -> Sequence[tasks.Task]:
    return cast("Sequence[tasks.Task]", world.tasks)


def row_of(part: Item) -> item.Item:
    return cast("item.Item", part)


def group_of(part: Item) -> item.Group:
    """A group of one."""
    return cast("item.Group", part)


def having(**what_is_read: Any) -> Any:
    """Something that has only this."""
    return _Having(what_is_read)


class _Having:
    def __init__(self, what_is_read: dict[str, Any]) -> None:
        self.__dict__.update(what_is_read)
