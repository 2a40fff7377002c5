"""One playing of a story, and everything that can be seen of it."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TypeAlias

from avgate_contracts.errors import ConnectorError
from avgate_contracts.kit.clock import Clock
from avgate_contracts.kit.fault_transport import Asked, FaultTransport
from avgate_contracts.kit.guard import Guard
from avgate_contracts.kit.stage import Cast
from avgate_contracts.kit.story import Play, Step

Script: TypeAlias = Callable[[Play], Awaitable[object]]


class _Ears(logging.Handler):
    """Hears every logger, also those that pass nothing on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps it."""
        self.heard.append(record)


@dataclass
class Run:
    """What a playing came to: the error it ended with, if any, and all that was let out."""

    clock: Clock
    transport: FaultTransport
    play: Play = field(init=False)
    error: BaseException | None = None
    guard: Guard = field(default_factory=Guard)
    logged: list[logging.LogRecord] = field(default_factory=list)
    printed: str = ""
    left: int = 0  # tasks that were still under way when it had ended

    @property
    def is_honest(self) -> bool:
        """Whether it ended well, or with an error that a connector may raise."""
        return self.error is None or isinstance(self.error, ConnectorError)

    @property
    def asked(self) -> list[Asked]:
        """The requests seen."""
        return self.transport.asked

    def step(self, name: str) -> Step:
        """A step of the story."""
        return self.play.step(name)


async def playing(
    cast: Cast, clock: Clock, transport: FaultTransport, script: Script, key: str | None = None
) -> Run:
    """Plays, and keeps whatever is raised."""
    run = Run(clock, transport)
    run.play = Play(cast, run, key=key)
    ears, printed, before = _Ears(), io.StringIO(), asyncio.all_tasks()
    with run.guard, _listening(ears), redirect_stdout(printed), redirect_stderr(printed):
        try:
            await script(run.play)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 -- it is looked at, and not swallowed
            run.error = error
    run.logged, run.printed = ears.heard, printed.getvalue()
    run.left = await _ended(asyncio.all_tasks() - before)
    return run


async def _ended(tasks: Collection[asyncio.Task[object]]) -> int:
    """How many of these do not end by themselves in a turn of the loop; none goes on after this."""
    await asyncio.sleep(0)
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=1)
    return len(left)


@contextmanager
def _listening(ears: _Ears) -> Iterator[None]:
    """Has every logger heard in full, and puts back how loud they were."""
    root = logging.getLogger()
    apart = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    heard = [root, *(each for each in apart if not each.propagate)]
    before = [(each, each.level) for each in heard]
    for each in heard:
        each.addHandler(ears)
        each.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for each, level in before:
            each.removeHandler(ears)
            each.setLevel(level)
