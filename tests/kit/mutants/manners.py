"""Connectors with bad manners: calls of their own, tries of their own, waits of their own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import httpx

import avgate_contracts as sdk

from .linden import LindenConnector, LindenSettings
from .reading import PLAYS, lasting
from .registry import mutant

ALONE, CANCELLED = (
    "test_only_the_given_client_reaches_out",
    "test_cancelled_it_stops_at_once_and_says_so",
)


@mutant("opens an httpx.AsyncClient of its own", ALONE, own=(ALONE,))
class OwnHttpx(LindenConnector):
    def __init__(self, settings: LindenSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        self._address = settings.base_url

    async def check(self) -> None:
        async with httpx.AsyncClient() as client:
            with contextlib.suppress(httpx.HTTPError):
                await client.get(f"{self._address}/me")


@mutant("calls with urllib", ALONE)
class OwnUrllib(LindenConnector):
    async def check(self) -> None:
        await super().check()
        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)  # noqa: ASYNC210 -- what is wrong with it


@mutant("opens a socket, in a thread", ALONE)
class OwnSocket(LindenConnector):
    async def check(self) -> None:
        await super().check()
        thread = threading.Thread(target=_connect)
        thread.start()
        thread.join()


@mutant("starts another program", ALONE)
class OwnProgram(LindenConnector):
    async def check(self) -> None:
        await super().check()
        with contextlib.suppress(OSError):
            subprocess.run(["true"], check=False)  # noqa: ASYNC221, S607 -- what is wrong with it


class WideSettings(LindenSettings):
    def hosts(self) -> frozenset[str]:
        return super().hosts() | {"*.example.net"}


@mutant("may call any host of a pattern", "test_only_named_hosts_may_be_called")
class WidePattern(LindenConnector):
    settings_type = WideSettings


@mutant("calls a host that its settings do not name", PLAYS, refused="MisconfiguredError")
class OtherHost(LindenConnector):
    async def check(self) -> None:
        await self._http.send("GET", "http://elsewhere.example/me")


@mutant("follows a redirect by hand, wherever it leads", "test_a_redirect_leads_nowhere")
class FollowsRedirects(LindenConnector):
    async def check(self) -> None:
        answer = await self._http.send("GET", "/me", accept=(301, 302, 307))
        if answer.status >= 300:
            async with httpx.AsyncClient() as client:
                with contextlib.suppress(httpx.HTTPError):
                    await client.get(answer.headers["location"])
            return
        answer.json()


@mutant("takes a redirect for an answer", "test_a_redirect_leads_nowhere")
class RedirectIsFine(LindenConnector):
    async def check(self) -> None:
        await self._http.send("GET", "/me", accept=(301, 302, 307))


class _Wrapped:
    def __init__(self, http: Any, send: Any) -> None:
        self._inner, self.send = http, send

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Sending(LindenConnector):
    def __init__(self, settings: LindenSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        self._send = http.send
        self._http = _Wrapped(http, self._again)  # type: ignore[assignment]  # has what is called, and no more

    async def _again(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


@mutant(
    "asks again what was refused",
    "test_a_refusal_is_not_asked_again[403]",
    "test_a_refusal_is_not_asked_again[409]",
)
class RetriesRefusals(_Sending):
    async def _again(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await self._send(*args, **kwargs)
        except sdk.RefusedError:
            return await self._send(*args, **kwargs)


@mutant(
    "asks again at once, whatever Retry-After says", "test_a_long_wait_is_handed_on[in seconds]"
)
class IgnoresRetryAfter(_Sending):
    async def _again(self, *args: Any, **kwargs: Any) -> Any:
        for _ in range(3):
            try:
                return await self._send(*args, **kwargs)
            except sdk.UnavailableError:
                await asyncio.sleep(0.5)
        return await self._send(*args, **kwargs)


@mutant("waits out a long Retry-After itself", "test_a_long_wait_is_handed_on[as a date]")
class WaitsItself(_Sending):
    async def _again(self, *args: Any, **kwargs: Any) -> Any:
        for _ in range(3):
            try:
                return await self._send(*args, **kwargs)
            except sdk.UnavailableError as error:
                if error.after is None:
                    raise
                await self._http.sleep(error.after)
        return await self._send(*args, **kwargs)


@mutant("tries for ever", lasting("500"))
class TriesForEver(_Sending):
    async def _again(self, *args: Any, **kwargs: Any) -> Any:
        for _ in range(25):
            try:
                return await self._send(*args, **kwargs)
            except sdk.UnavailableError:
                await asyncio.sleep(1)
        return await self._send(*args, **kwargs)


@mutant("eats cancellation", CANCELLED)
class EatsCancellation(LindenConnector):
    async def check(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await super().check()


@mutant("raises errors of its own kind", lasting("connection refused"))
class RaisesItsOwn(LindenConnector):
    async def check(self) -> None:
        try:
            await super().check()
        except sdk.ConnectorError:
            raise RuntimeError("no luck") from None


@mutant(
    "takes wrong credentials for nothing held", "test_refused_credentials_are_an_operators_task"
)
class CredentialsAreNothing(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except sdk.MisconfiguredError:
            return


@mutant("lets everybody wait while it sleeps", "test_nobody_waits_while_it_waits")
class SleepsInTheLoop(LindenConnector):
    async def check(self) -> None:
        time.sleep(0.01)  # noqa: ASYNC251 -- what is wrong with it
        await super().check()


def _connect() -> None:
    with contextlib.suppress(OSError), socket.socket() as own:
        own.connect(("127.0.0.1", 9))
