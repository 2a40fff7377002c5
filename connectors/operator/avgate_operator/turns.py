"""Many things at an upstream, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import avgate_contracts as sdk
from avgate_contracts import ConnectorError
from avgate_operator.client import LIMITS

K = TypeVar("K")
R = TypeVar("R")


async def in_turn(
    stages: Iterable[Iterable[Sequence[K]]],
    treat: Callable[[Sequence[K]], Awaitable[Mapping[K, R]]],
) -> tuple[dict[K, R], dict[K, ConnectorError]]:
    """What came of each thing, group by group and stage after stage, or the error instead of it.

    A few groups at a time; none is begun any more once several in a row got no answer.
    """
    done, failed = dict[K, R](), dict[K, ConnectorError]()
    silent = 0

    async def take(waiting: Iterator[Sequence[K]]) -> None:
        nonlocal silent
        for group in waiting:
            try:
                if silent >= LIMITS.concurrency:
                    raise sdk.UnavailableError("not sent, for the upstream does not answer")
                done.update(await treat(group))
                silent = 0
            except ConnectorError as error:
                failed.update(dict.fromkeys(group, error))
                if not isinstance(error, sdk.InvalidIdentifierError):  # of which nobody heard
                    silent = 0 if isinstance(error, sdk.RefusedError) else silent + 1

    for stage in stages:
        groups = list(stage)
        waiting = iter(groups)
        async with asyncio.TaskGroup() as crew:
            for _ in groups[: LIMITS.concurrency]:
                crew.create_task(take(waiting))
    return done, failed


def worst(errors: Iterable[ConnectorError]) -> ConnectorError:
    """The one to raise of several: what a person must mend, else the longest wait."""
    return max(errors, key=_weight)


def _weight(error: ConnectorError) -> float:
    return (error.after or 0.0) if isinstance(error, sdk.UnavailableError) else float("inf")
