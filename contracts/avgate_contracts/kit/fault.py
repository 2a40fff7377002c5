"""The faults that every upstream has one day, each as what the client gets to see of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TypeAlias

import httpx

from avgate_contracts.errors import (
    ConnectorError,
    ContractBrokenError,
    MisconfiguredError,
    RefusedError,
    UnavailableError,
)

Errors: TypeAlias = tuple[type[ConnectorError], ...]


UNHEARD = "avgate_unheard"  # on a request that gets lost before anything comes of it


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may know: the time, whom it may try to give away, and the real answer."""

    now: datetime
    gossip: str  # personal data, which every error of this upstream repeats
    request: httpx.Request
    proceed: Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a call goes wrong; `means` are the errors that say so honestly.

    `after`: seconds the upstream asks to be left alone.
    """

    name: str
    happen: Callable[[Scene], Awaitable[httpx.Response]]
    means: Errors
    after: float | None = None


class _Cut(httpx.AsyncByteStream):
    """A body that breaks off in the middle."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: len(self._body) // 2]
        await asyncio.sleep(0)
        raise httpx.RemoteProtocolError("peer closed connection without sending complete body")


def status(code: int, after: float | None = None, *, means: Errors) -> Fault:
    """An answer with this status, and with Retry-After in seconds if it is given."""

    async def happen(scene: Scene) -> httpx.Response:
        fields = {} if after is None else {"retry-after": f"{after:.0f}"}
        return _told(code, scene, fields)

    name = f"{code}" if after is None else f"{code}, Retry-After in seconds"
    return Fault(name, happen, means, after)


def status_until(code: int, after: float, *, means: Errors) -> Fault:
    """An answer with this status, and with Retry-After as a date (RFC 9110 section 10.2.3)."""

    async def happen(scene: Scene) -> httpx.Response:
        until = (scene.now + timedelta(seconds=after)).replace(microsecond=0)
        return _told(code, scene, {"retry-after": format_datetime(until, usegmt=True)})

    return Fault(f"{code}, Retry-After as a date", happen, means, after)


def raised(name: str, error: Callable[[str], Exception], *, means: Errors) -> Fault:
    """A fault of the connection; the call did not reach the upstream."""

    async def happen(scene: Scene) -> httpx.Response:
        raise error(f"{name} ({scene.gossip})")

    return Fault(name, happen, means)


def answered(name: str, media_type: str, body: bytes, *, means: Errors) -> Fault:
    """A 200 with something else than what was asked for."""

    async def happen(scene: Scene) -> httpx.Response:
        told = body + scene.gossip.encode()
        return httpx.Response(200, headers={"content-type": media_type}, content=told)

    return Fault(name, happen, means)


async def _cut(scene: Scene) -> httpx.Response:
    answer = await scene.proceed()
    body = _Cut(await answer.aread())
    return httpx.Response(answer.status_code, headers=answer.headers, stream=body)


def _told(code: int, scene: Scene, fields: Mapping[str, str]) -> httpx.Response:
    body = {"error": f"status {code}", "message": f"about {scene.gossip}"}
    return httpx.Response(code, headers=fields, json=body)


async def _elsewhere(_: Scene) -> httpx.Response:
    return httpx.Response(302, headers={"location": "http://elsewhere.example/"})


async def _lost(scene: Scene) -> httpx.Response:
    await (await scene.proceed()).aread()
    raise httpx.ReadTimeout(f"timed out ({scene.gossip})")


def without_effect(fault: Fault) -> Fault:
    """The same fault of a write, after which the upstream knows nothing of it."""

    async def happen(scene: Scene) -> httpx.Response:
        with suppress(httpx.ReadTimeout):
            await unheard(scene)
        return await fault.happen(scene)

    return replace(fault, happen=happen)


async def unheard(scene: Scene) -> httpx.Response:
    """Raises ReadTimeout, after which the upstream knows nothing of the call."""
    scene.request.extensions[UNHEARD] = True
    return await scene.proceed()


_AWAY: Errors = (UnavailableError,)
_ODD: Errors = (ContractBrokenError, UnavailableError)

SHORT_WAIT = 3.0  # seconds; below the longest wait of any reasonable manifest

UNREACHABLE = raised("connection refused", httpx.ConnectError, means=_AWAY)
WEB_PAGE = answered("web page with 200", "text/html", b"<html><p>Maintenance</p>", means=_ODD)
GARBAGE = answered("garbage with 200", "application/json", b'{"items": [tru', means=_ODD)
PASSING: Sequence[Fault] = (
    status(429, SHORT_WAIT, means=_AWAY),
    status_until(429, SHORT_WAIT, means=_AWAY),
    status(500, means=_AWAY),
    status(502, means=_AWAY),
    status(503, SHORT_WAIT, means=_AWAY),
    status(504, means=_AWAY),
    UNREACHABLE,
    raised("connect time-out", httpx.ConnectTimeout, means=_AWAY),
    raised("read time-out", httpx.ReadTimeout, means=_AWAY),
    Fault("cut body", _cut, _AWAY),
    GARBAGE,
    WEB_PAGE,
)
REFUSALS: Sequence[Fault] = tuple(
    status(code, means=(RefusedError, MisconfiguredError)) for code in (400, 403, 409, 422)
)
UNAUTHORISED = status(401, means=(MisconfiguredError,))
NOT_FOUND = status(404, means=(RefusedError, ContractBrokenError, MisconfiguredError))
REDIRECT = Fault("redirect elsewhere", _elsewhere, ())
LOST = Fault("answer lost after the effect", _lost, ())
NEVER_ARRIVED = Fault("lost before the effect", unheard, ())


def named(faults: Sequence[Fault], name: str) -> Fault:
    """The fault with this name."""
    return next(fault for fault in faults if fault.name == name)


def names(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Their names, as test ids."""
    return tuple(fault.name for fault in faults)
