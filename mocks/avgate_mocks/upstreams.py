"""The four mocks, in the order of their ports."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.types import ASGIApp

from avgate_mocks import directory, operator, subprocessors, xelion
from avgate_mocks.people import UPSTREAMS
from avgate_mocks.serving import HOST, bound, port_of, served
from avgate_mocks.world import World


class Mock(Protocol):
    """What each sub-package offers."""

    def build(self, world: World, port: int) -> ASGIApp:
        """A fresh mock that will be served on this port."""

    def config_section(self, world: World, controller: str, port: int) -> Mapping[str, object]:
        """The settings with which a connector reaches this mock for one controller."""


MOCKS: Mapping[str, Mock] = {
    "operator": operator,
    "xelion": xelion,
    "directory": directory,
    "subprocessors": subprocessors,
}


def sockets(port_base: int) -> Mapping[str, socket.socket]:
    """A listening socket for each mock: consecutive ports, or free ones for port base 0.

    Raises OSError if a port is taken.
    """
    return {name: bound(port_base and port_base + place) for place, name in enumerate(MOCKS)}


def _itself(_name: str, app: ASGIApp) -> ASGIApp:
    return app


@asynccontextmanager
async def running(
    world: World,
    names: Sequence[str] = UPSTREAMS,
    behind: Callable[[str, ASGIApp], ASGIApp] = _itself,
) -> AsyncIterator[Mapping[str, str]]:
    """Serve mocks on free ports and give the address of each: `http://127.0.0.1:…` by name.

    `behind` may put something before a mock, by its name.
    """
    held = {name: bound(0) for name in names}
    apps = {
        sock: behind(name, MOCKS[name].build(world, port_of(sock))) for name, sock in held.items()
    }
    async with served(apps):
        yield {name: f"http://{HOST}:{port_of(sock)}" for name, sock in held.items()}
