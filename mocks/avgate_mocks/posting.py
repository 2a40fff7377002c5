"""Tells those who asked to be told: one try a message, and each address hears them in turn."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress

import httpx

from avgate_mocks.loopback import NO_TLS, on_loopback

_TRY_SECONDS = 5.0


class Postman:
    """Posts beside the mock's own answers, which never wait for it."""

    def __init__(self) -> None:
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, address: str, content: bytes, media_type: str) -> None:
        """Whatever the answer; an address that is not on this machine is left alone."""
        if on_loopback(address):
            task = asyncio.create_task(self._post(address, content, media_type))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _post(self, address: str, content: bytes, media_type: str) -> None:
        headers = {"Content-Type": media_type}
        async with self._turns[address]:
            with suppress(httpx.HTTPError):
                async with httpx.AsyncClient(
                    timeout=_TRY_SECONDS, trust_env=False, verify=NO_TLS
                ) as http:
                    await http.post(address, content=content, headers=headers)
