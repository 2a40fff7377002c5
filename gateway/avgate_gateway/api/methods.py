"""The methods of HTTP that are the same for every resource: HEAD, OPTIONS, and those not allowed."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Methods:
    """Answers HEAD as GET without the content, OPTIONS with what an address takes (RFC 9110 9.3.7).

    Where several routes share an address, each knows only its own method: `Allow` is put right here
    to name them all (RFC 9110 section 15.5.6).
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = tuple(route for route in routes if isinstance(route, Route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._head(scope, receive, send)
        elif scope["method"] == "OPTIONS" and (allowed := self._allowed(scope["path"])):
            await Response(status_code=204, headers={"allow": allowed})(scope, receive, send)
        else:
            await self._app(scope, receive, self._allowing(scope, send))

    def _allowed(self, path: str) -> str:
        """Every method of an address, comma-separated; nothing for an address that is none."""
        found = {
            method
            for route in self._routes
            if route.path_regex.fullmatch(path)
            for method in route.methods or ()
        }
        if "GET" in found:
            found.add("HEAD")
        return ", ".join(sorted({*found, "OPTIONS"})) if found else ""

    def _allowing(self, scope: Scope, send: Send) -> Send:
        async def allowing(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405:
                MutableHeaders(scope=message)["allow"] = self._allowed(scope["path"])
            await send(message)

        return allowing

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Asks as GET, and hangs up on whatever is still being told once the headers are sent."""
        is_answered = False

        async def gone() -> Message:
            return {"type": "http.disconnect"} if is_answered else await receive()

        async def bare(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await sending(message)

        sending = self._allowing(scope, send)
        await self._app({**scope, "method": "GET"}, gone, bare)
