"""The least that a durable 202 can cost: an endpoint that only inserts one row with fsync.

Written by hand as raw ASGI on uvicorn, without a framework. The body is kept as it came, under an
id of its own; there is no token, no validation, no idempotency, nothing sealed, and nothing follows.
`--at-once 1` is one transaction per request; `--at-once 64` lets those that wait for the disk
share the next one. Run: `python insert_one_row.py FILE [--at-once N]`.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any
from uuid import uuid4

from serving import serve
from sqlite_writer import Writer

_TABLE = "CREATE TABLE request (id TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL)"
_INSERT = "INSERT INTO request VALUES (?, ?, ?)"


class Endpoint:
    """POST of anything to anywhere: 202 once it is on disk."""

    def __init__(self, path: str, at_once: int) -> None:
        self._path = path
        self._at_once = at_once
        self._writer: Writer | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        own = str(uuid4())
        assert self._writer is not None  # noqa: S101 -- lifespan came first
        await self._writer.write((_INSERT, [(own, time.time(), body)]))
        answer = json.dumps({"id": own, "state": "received"}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
            (b"location", f"/v1/requests/{own}".encode()),
        ]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            if message["type"] == "lifespan.startup":
                self._writer = Writer(self._path, _TABLE, self._at_once)
                await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("path")
    asked.add_argument("--at-once", type=int, default=1)
    options = asked.parse_args()
    serve(Endpoint(options.path, options.at_once))


if __name__ == "__main__":
    main()
