"""Several at once, and what is raised where more than one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable

from avgate_gateway.store.cut_short import CutShortError


async def all_at_once(runs: Iterable[Coroutine[None, None, None]]) -> None:
    """Runs them side by side; raises CutShortError once, however many of them met it."""
    try:
        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(run)
    except BaseExceptionGroup as several:
        cut_short, others = several.split(CutShortError)
        if cut_short is None or others is not None:
            raise
        raise cut_short.exceptions[0] from None  # the same, once for each who met it
