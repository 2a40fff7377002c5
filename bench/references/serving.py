"""Serves an ASGI application as the gateway is served: uvicorn, uvloop, httptools, a free port."""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn
import uvloop


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or ():
            sys.stdout.write(f"ready http://127.0.0.1:{one.getsockname()[1]}\n")
        sys.stdout.flush()


def serve(app: Any) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        app, http="httptools", loop="none", access_log=False, log_config=None, server_header=False
    )
    uvloop.run(_Server(config).serve(sockets=[listening]))
