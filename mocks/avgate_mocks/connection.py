"""Lets an ASGI app close its own connection, which plain ASGI cannot say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_CLOSE = "avgate_mocks.close"


class ClosingProtocol(HttpToolsProtocol):
    """Hands each call of a connection the means to close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own: it serves only stream transports
        super().connection_made(transport)
        self.app = _with_close(self.app, transport.close)


def _with_close(app: ASGIApp, close: Callable[[], None]) -> ASGIApp:
    async def closing(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _CLOSE: close}, receive, send)

    return closing


async def close(scope: Scope, receive: Receive) -> None:
    """Close the connection and return when it is closed.

    Raises ConnectionResetError where the app is called without a server, so that the caller sees
    a transport error there too.
    """
    if _CLOSE not in scope:
        raise ConnectionResetError("The mock closed the connection before its answer was complete.")
    scope[_CLOSE]()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue
