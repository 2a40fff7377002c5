"""The durable boundaries: commits, calls that write upstream, answers that leave.

They are counted where product code meets what is not ours - the database driver, the network, the
server - so nothing here knows how either side of them is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlcipher3 import dbapi2 as sqlite
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avgate_contracts.http.library import Answer, AsyncBaseTransport, Request
from avgate_contracts.http.network import Network

from .points import Points

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_ID = re.compile(r"(?<=/)(?=[^/]*\d)[^/]+")


def count_commits(points: Points) -> None:
    """Counts before and after each commit that changes something, of every SQLite connection."""

    class Counted(sqlite.Connection):  # type: ignore[misc] # the driver has no types
        def __init__(self, path: str, *args: Any, **named: Any) -> None:
            super().__init__(path, *args, **named)
            self.seen = (0, 0)

        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(factory or Cursor)

        def counted(self, commit: Callable[[], object]) -> None:
            now = self.state() if self.in_transaction else self.seen
            if now == self.seen:
                commit()
                return
            points.passes("commit", "")
            commit()
            self.seen = now
            points.passes("committed", "")

        def state(self) -> tuple[int, int]:
            [version] = super().execute("PRAGMA schema_version").fetchone()
            return self.total_changes, version

        def commit(self) -> None:
            self.counted(super().commit)

    class Cursor(sqlite.Cursor):  # type: ignore[misc] # as above
        def execute(self, statement: str, parameters: Any = (), /) -> Any:
            owner = self.connection
            if statement.lstrip().upper().startswith(("COMMIT", "END")) and isinstance(
                owner, Counted
            ):
                owner.counted(partial(super().execute, statement))
                return self
            return super().execute(statement, parameters)

    sqlite.connect = Counted  # the driver's one door


class CountedTransport(AsyncBaseTransport):
    """The network as the product opens it, with a point on each side of every write."""

    def __init__(self, points: Points, *, counts: bool) -> None:
        self._points = points
        self._counts = counts
        self._inner = Network()

    async def handle_async_request(self, request: Request) -> Answer:
        if request.method in _READS or not self._counts:
            return await self._inner.handle_async_request(request)
        label = f"{request.method} {_ID.sub('{}', request.url.path)}"
        self._points.passes("sends", label)
        answer = await self._inner.handle_async_request(request)
        self._points.passes("arrived", label)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, slots=True)
class CountedApp:
    """The application, with a point before and after each answer to a call that changes something."""

    inner: ASGIApp
    points: Points
    noted: Callable[[str], None]  # told what a 202 promises, before it leaves

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _counts(scope):
            await self.inner(scope, receive, send)
            return
        label = f"{scope['method']} {_ID.sub('{}', scope['path'])}"

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.points.passes("answers", label)
                for name, value in message["headers"]:
                    if name == b"location" and message["status"] == 202:
                        self.noted(value.decode().rpartition("/")[2])
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.points.passes("answered", label)

        await self.inner(scope, receive, counted)


def _counts(scope: MutableMapping[str, Any]) -> bool:
    return scope["method"] not in _READS or str(scope["path"]).endswith("/package")
