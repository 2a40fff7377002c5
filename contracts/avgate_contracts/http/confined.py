"""Tells a transport with each call where its connection may go."""

from __future__ import annotations

from avgate_contracts.destination import Destinations
from avgate_contracts.http.library import Answer, AsyncBaseTransport, Request

_DESTINATIONS = "avgate.destinations"
_PUBLIC_ONLY = Destinations()


class Confined(AsyncBaseTransport):
    """A transport for one connector: what its settings let through goes along with each call.

    With the call, and not with the transport, so that whatever stands between this and the
    network (faults, recordings, measurements) needs to know nothing of it.
    """

    def __init__(self, inner: AsyncBaseTransport, destinations: Destinations) -> None:
        self._inner = inner
        self._destinations = destinations

    async def handle_async_request(self, request: Request) -> Answer:
        """Sends a request through the transport inside."""
        request.extensions[_DESTINATIONS] = self._destinations
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Closes the transport inside."""
        await self._inner.aclose()


def destinations_of(request: Request) -> Destinations:
    """Where a call's connection may go; only to public addresses if nobody said."""
    told = request.extensions.get(_DESTINATIONS)
    return told if isinstance(told, Destinations) else _PUBLIC_ONLY
