"""The header that proves who calls: fixed, or with a token that runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from avgate_contracts.credentials import Token
from avgate_contracts.errors import ContractBrokenError, InvalidIdentifierError
from avgate_contracts.http.header import Header, header

_LONGEST_LEEWAY = timedelta(seconds=30)
_LEEWAY = 10  # the tenth part of a token's life


class Authorization(Protocol):
    """Where a call gets its credentials."""

    async def header(self, refused: Header | None = None) -> Header | None:
        """The header to send; another one than `refused`, if there can be another."""
        ...

    async def aclose(self) -> None:
        """Ends what is still under way."""
        ...


class Fixed:
    """The same header every time, or none."""

    def __init__(self, value: Header | None) -> None:
        self._header = value

    async def header(self, refused: Header | None = None) -> Header | None:  # noqa: ARG002 -- there is no other
        """The one there is."""
        return self._header

    async def aclose(self) -> None:
        """Nothing is ever under way."""


class Renewed:
    """A header with a token, fetched once for all who wait for it.

    The fetch is a task of its own: a caller who gives up does not take it, or a renewal that the
    upstream has already granted, away from the others.
    """

    def __init__(
        self,
        scheme: str,
        obtain: Callable[[Token | None], Awaitable[Token]],
        now: Callable[[], datetime],
    ) -> None:
        self._scheme = scheme
        self._obtain = obtain
        self._now = now
        self._token: Token | None = None
        self._header: Header | None = None
        self._stale_at: datetime | None = None
        self._fetch: asyncio.Task[Header] | None = None

    async def header(self, refused: Header | None = None) -> Header:
        """The token's header; raises what fetching it raises."""
        if self._header is not None and self._header != refused and not self._stale():
            return self._header
        if self._fetch is None or self._fetch.done():
            self._fetch = asyncio.create_task(self._fetched())
            self._fetch.add_done_callback(_seen)
        return await asyncio.shield(self._fetch)

    async def aclose(self) -> None:
        """Ends a fetch that is under way."""
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.wait([self._fetch])

    def _stale(self) -> bool:
        return self._stale_at is not None and self._now() >= self._stale_at

    async def _fetched(self) -> Header:
        token = await self._obtain(self._token)
        made = _header(self._scheme, token)
        self._token, self._header = token, made
        self._stale_at = _stale_at(token, self._now())
        return made


def _header(scheme: str, token: Token) -> Header:
    with suppress(InvalidIdentifierError):
        return header("authorization", f"{scheme} {token.value}")
    raise ContractBrokenError("the upstream gave a token that no header can hold")


def _stale_at(token: Token, now: datetime) -> datetime | None:
    """When to fetch the next one: a little before the end, and less the shorter it lives.

    An end that has already passed is a clock that differs from ours; then a 401 will tell.
    """
    if token.expires_at is None or token.expires_at <= now:
        return None
    life = token.expires_at - now
    return token.expires_at - min(_LONGEST_LEEWAY, life / _LEEWAY)


def _seen(fetch: asyncio.Task[Header]) -> None:
    """Nobody may be left to hear of a failed fetch; the next caller starts another."""
    if not fetch.cancelled():
        fetch.exception()
