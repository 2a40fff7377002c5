"""One try on the wire: the request out, the answer's headers in, one line in the log."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from avgate_contracts.connector import Limits
from avgate_contracts.errors import MisconfiguredError
from avgate_contracts.http.call import Call
from avgate_contracts.http.fault import FaultError, fault_of
from avgate_contracts.http.header import Header
from avgate_contracts.http.library import (
    Answer,
    AsyncBaseTransport,
    TransportError,
    closed,
    extensions,
    request,
)
from avgate_contracts.http.refusing import tell_not_called
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.tracing import Tracing

_log = logging.getLogger("avgate.http")


class Wire:
    """Sends through one transport, and below the library's own client.

    So there is nothing that could keep a cookie, follow a redirect, read the environment or log
    an address.
    """

    def __init__(
        self,
        transport: AsyncBaseTransport,
        limits: Limits,
        runtime: Runtime,
        *,
        passes_trace: bool = False,
    ) -> None:
        self._tracing = runtime.tracing
        self._passes_trace = passes_trace
        self._transport = transport
        self._timeout = limits.timeout
        self._extensions = extensions(limits)
        self._monotonic = runtime.monotonic

    def opened(self, call: Call, credentials: Header | None) -> Opened:
        """The answer with its body still to be read; raises FaultError."""
        return Opened(self, call, credentials)

    async def ask(self, call: Call, credentials: Header | None) -> Answer:
        """The same, for whoever closes it; raises FaultError."""
        begun = self._monotonic()
        added = () if credentials is None else (credentials,)
        traced = self._sent if self._tracing is None else partial(self._traced, self._tracing)
        try:
            answer = await traced(call, added)
        except MisconfiguredError as error:  # a destination that may not be reached
            tell_not_called(call.method, call.label, error)
            raise
        took = (self._monotonic() - begun) * 1000
        if isinstance(answer, Exception):
            _tell(call, took, error=str(answer))
            raise answer
        _tell(call, took, status=answer.status_code)
        return answer

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._transport.aclose()

    async def _traced(
        self, tracing: Tracing, call: Call, added: tuple[Header, ...]
    ) -> Answer | FaultError | MisconfiguredError:
        with tracing.call(call.method, call.label, call.attempt) as span:
            answer = await self._sent(
                call, (*added, *span.headers) if self._passes_trace else added
            )
            if isinstance(answer, Exception):
                span.failed(answer)
            else:
                span.answered(answer.status_code)
            return answer

    async def _sent(
        self, call: Call, added: tuple[Header, ...]
    ) -> Answer | FaultError | MisconfiguredError:
        made = request(
            call.method, call.url, (*call.headers, *added), call.content, self._extensions
        )
        call.under_way = True
        clock = asyncio.timeout(self._timeout)
        try:
            async with clock:
                return await self._transport.handle_async_request(made)
        except TransportError as error:
            return fault_of(error)
        except TimeoutError:
            if not clock.expired():
                raise
            return FaultError("no answer in time", lost=True)


class Opened:
    """An answer that is closed with its block; no generator, for asyncio keeps count of each."""

    def __init__(self, wire: Wire, call: Call, credentials: Header | None) -> None:
        self._wire = wire
        self._call = call
        self._credentials = credentials

    async def __aenter__(self) -> Answer:
        self._answer = await self._wire.ask(self._call, self._credentials)
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        await closed(self._answer)


def _tell(call: Call, took: float, **end: object) -> None:
    if _log.isEnabledFor(logging.INFO):
        made = {"method": call.method, "path": call.label, "attempt": call.attempt}
        _log.info("upstream.called", extra={**made, **end, "duration_ms": round(took, 1)})
