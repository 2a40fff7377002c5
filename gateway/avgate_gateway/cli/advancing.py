"""How far a long command is: a bar on standard error, if that is a terminal, and else nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Told: TypeAlias = Callable[[int], None]


def nobody(done: int) -> None:
    """Shows nothing."""


@contextmanager
def advancing(
    what: str, total: int | None = None, console: Console | None = None
) -> Iterator[Told]:
    """Shows a bar while the block lasts; what it gives is told how much of the total is done.

    Without a total it shows only that something goes on. The bar leaves nothing behind.
    """
    shown_on = console or Console(stderr=True)
    if not shown_on.is_terminal:
        yield nobody
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=shown_on, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
