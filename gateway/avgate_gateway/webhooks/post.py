"""One POST to a stranger's server: no redirect, no second try, 15 seconds, and nothing kept of the answer.

It goes over the wire that connectors use, so addresses are judged at the socket (decision 0021).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from avgate_contracts.connector import Limits
from avgate_contracts.destination import Destinations
from avgate_contracts.errors import ConnectorError
from avgate_contracts.http import Runtime
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.call import Call
from avgate_contracts.http.confined import Confined
from avgate_contracts.http.fault import FaultError
from avgate_contracts.http.header import headers
from avgate_contracts.http.library import URL, quiet
from avgate_contracts.http.network import Network
from avgate_contracts.http.reading import drop
from avgate_contracts.http.refusing import tell_not_called
from avgate_contracts.http.retry import retry_after
from avgate_contracts.http.wire import Wire
from avgate_gateway.webhooks.form import Letter

SECONDS = 15.0
_BODY_SECONDS = 1.0  # the status has said it all; reading on only keeps the connection
_LABEL = "webhook"
_KNOWN = 256  # addresses that are not looked at letter by letter each time
_LIMITS = Limits(timeout=SECONDS, deadline=SECONDS, attempts=1, max_response_bytes=65_536)
ANSWERED, NO_ANSWER, UNREACHABLE, NOT_ALLOWED = (
    "answered",
    "no_answer",
    "unreachable",
    "not_allowed",
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it: a status or none, a word, and how long it took; `after` is in seconds."""

    status: int | None
    word: str
    milliseconds: int
    after: float | None = None


class Post:
    """Keeps connections for a moment; `aclose` it. An answer is waited for so many `seconds`."""

    def __init__(self, runtime: Runtime, seconds: float = SECONDS) -> None:
        quiet()
        self._runtime = runtime
        self._seconds = seconds
        self._transport = (runtime.transport or Network)()
        self._checked = lru_cache(maxsize=_KNOWN)(_checked)
        self._destinations: dict[tuple[str, tuple[str, ...]], Destinations] = {}

    async def send(self, letter: Letter, number: int = 1) -> Answered:
        """Sends it once, for the `number`-th time; raises nothing that an address or a server may bring about."""
        begun = self._runtime.monotonic()
        status, after = None, None
        try:
            async with asyncio.timeout(self._seconds):
                status, after = await self._asked(letter, number)
            word = ANSWERED
        except (TimeoutError, FaultError) as error:
            is_lost = isinstance(error, TimeoutError) or error.lost
            word = NO_ANSWER if is_lost else UNREACHABLE
        except ConnectorError:  # a destination that may not be called
            word = NOT_ALLOWED
        took = int((self._runtime.monotonic() - begun) * 1000)
        return Answered(status, word, took, after)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._transport.aclose()

    async def _asked(self, letter: Letter, number: int) -> tuple[int, float | None]:
        host = urlsplit(letter.url).netloc
        destinations = self._let_through(host, letter.private_networks)
        call = Call(
            method="POST",
            label=_LABEL,
            url=self._allowed(letter.url, destinations),
            headers=headers(
                letter.headers, accept="*/*", content_type="application/json", key=None
            ),
            content=letter.body,
            accept=(),
            repeatable=False,
            write=True,
            attempt=number,
        )
        wire = Wire(Confined(self._transport, destinations), _LIMITS, self._runtime)
        async with wire.opened(call, None) as answer:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BODY_SECONDS):
                    await drop(answer)
            after = retry_after(answer.headers.get("retry-after"), self._runtime.now())
            return int(answer.status_code), after

    def _allowed(self, address: str, destinations: Destinations) -> URL:
        try:
            return self._checked(address, destinations)
        except ConnectorError as error:
            tell_not_called("POST", _LABEL, error)
            raise

    def _let_through(self, host: str, private_networks: tuple[str, ...]) -> Destinations:
        """The same object for the same rules: connections are kept by it."""
        known = self._destinations.get((host, private_networks))
        if known is None:
            known = Destinations.of([host], private_networks)
            self._destinations[host, private_networks] = known
        return known


def _checked(address: str, destinations: Destinations) -> URL:
    """The address as it is called; raises MisconfiguredError where it may not be."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Addresses(origin, [parts.netloc], destinations).check(address)
