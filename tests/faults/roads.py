"""Faults of connections and names: they come before anybody can know which call it would carry."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .proxy import reset
from .stage import NAMED, Stage

Spoilt = Callable[[int], bool]  # whether the connection with this number, from 1, is


@dataclass(frozen=True, slots=True)
class RoadFault:
    """`lay` spoils the connections that it is told to; `named`: the upstream has to be looked up."""

    name: str
    family: str
    lay: Callable[[Stage, Spoilt], None]
    named: bool = False


def _on_the_way(name: str, happen: Callable[[], Awaitable[None]]) -> RoadFault:
    def lay(stage: Stage, spoilt: Spoilt) -> None:
        async def road(number: int, address: tuple[str, int]) -> tuple[str, int]:
            if spoilt(number):
                await happen()
            return address

        stage.road = road

    return RoadFault(name, "not sent", lay)


def _refused(stage: Stage, spoilt: Spoilt) -> None:
    async def road(number: int, address: tuple[str, int]) -> tuple[str, int]:
        return ("127.0.0.1", stage.nobody) if spoilt(number) else address

    stage.road = road


async def _unreachable() -> None:
    raise OSError(errno.ENETUNREACH, "Network is unreachable")


async def _swallowed() -> None:
    await asyncio.Event().wait()


def _greeted_with_a_reset(stage: Stage, spoilt: Spoilt) -> None:
    def greet(number: int, writer: asyncio.StreamWriter) -> bool:
        if spoilt(number):
            reset(writer)
            return False
        return True

    stage.proxy.greet = greet


def _greeted_with_a_close(stage: Stage, spoilt: Spoilt) -> None:
    stage.proxy.greet = lambda number, _: not spoilt(number)


def _unresolved(name: str, fail: Callable[[], Awaitable[None]]) -> RoadFault:
    def lay(stage: Stage, spoilt: Spoilt) -> None:
        asked = 0

        async def resolve() -> str:
            nonlocal asked
            asked += 1
            if spoilt(asked):
                await fail()
            return "127.0.0.1"

        stage.loop.names = {NAMED: resolve}

    return RoadFault(name, "not sent", lay, named=True)


async def _no_such_name() -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def _try_again() -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


ROAD_FAULTS = (
    RoadFault("connection refused", "not sent", _refused),
    _on_the_way("network unreachable", _unreachable),
    _on_the_way("connection swallowed", _swallowed),
    RoadFault("reset on accept", "lost before", _greeted_with_a_reset),
    RoadFault("closed on accept", "lost before", _greeted_with_a_close),
    _unresolved("a name that does not exist", _no_such_name),
    _unresolved("a resolver that fails", _try_again),
    _unresolved("a resolver that hangs", _swallowed),
)
