"""The line to one gateway: a call from its first try to its answer or its error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from avgate_client.errors import (
    AvgateError,
    CredentialsError,
    InvalidCallError,
    ProblemError,
    UnexpectedAnswerError,
    UnreachableError,
)
from avgate_client.outgoing import Outgoing
from avgate_client.reading import problem_of
from avgate_client.retrying import Patience, no_answer, pause, refused
from avgate_contracts.errors import (
    ConnectorError,
    ContractBrokenError,
    MisconfiguredError,
    UnavailableError,
)
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.answer import Response, Streamed
from avgate_contracts.http.authorization import Authorization
from avgate_contracts.http.call import Call
from avgate_contracts.http.fault import FaultError
from avgate_contracts.http.header import Header
from avgate_contracts.http.library import Answer
from avgate_contracts.http.reading import headers_of, pieces, whole
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.wire import Wire

T = TypeVar("T")
Ask = Callable[[Header | None], Awaitable[T]]
_SILENT = "the gateway does not answer"
_GOOD = frozenset({*range(200, 300), HTTPStatus.NOT_MODIFIED})  # redirects are not followed
_LARGEST = 64 * 1024 * 1024  # bytes of an answer that is read as a whole
_LARGEST_FILE = 1024**4  # bytes: nobody's recordings come near it


@dataclass(frozen=True, slots=True)
class Line:
    """Sends calls, each with its tries, and raises AvgateErrors, that carry the call's key."""

    addresses: Addresses
    wire: Wire
    authorization: Authorization
    patience: Patience
    runtime: Runtime

    async def send(self, outgoing: Outgoing) -> Response:
        """The answer below 400, whole."""
        call = outgoing.written(self.addresses)

        async def ask(credentials: Header | None) -> Response:
            async with self.wire.opened(call, credentials) as answer:
                body = await whole(answer, _LARGEST)
            return self._accepted(Response(answer.status_code, headers_of(answer), body))

        return await self._concluded(call, outgoing.key, ask)

    @asynccontextmanager
    async def stream(self, outgoing: Outgoing) -> AsyncIterator[Streamed]:
        """The answer with its body to be read; the deadline ends where the body begins.

        The body raises UnreachableError where it is cut.
        """
        call = outgoing.written(self.addresses)

        async def ask(credentials: Header | None) -> tuple[Answer, AsyncExitStack]:
            async with AsyncExitStack() as stack:
                answer = await stack.enter_async_context(self.wire.opened(call, credentials))
                body = b"" if answer.is_success else await whole(answer, _LARGEST)
                self._accepted(Response(answer.status_code, headers_of(answer), body))
                kept = stack.pop_all()
            return answer, kept

        answer, kept = await self._concluded(call, outgoing.key, ask)
        async with kept, aclosing(_body(answer)) as body:
            yield Streamed(answer.status_code, headers_of(answer), body)

    async def aclose(self) -> None:
        """Closes every connection, and ends a fetch of a token that is under way."""
        await self.authorization.aclose()
        await self.wire.aclose()

    async def _concluded(self, call: Call, key: str | None, ask: Ask[T]) -> T:
        try:
            return await self._in_time(call, ask)
        except AvgateError as error:
            error.key = key
            raise

    async def _in_time(self, call: Call, ask: Ask[T]) -> T:
        clock = asyncio.timeout(self.patience.deadline)
        try:
            async with clock:
                return await self._tried(call, ask)
        except TimeoutError:
            if not clock.expired():
                raise
        raise UnreachableError(
            f"the gateway did not answer within {self.patience.deadline:g} seconds", was_sent=True
        )

    async def _tried(self, call: Call, ask: Ask[T]) -> T:
        """The answer of the first try, or of one that is worth making after it."""
        end = self.runtime.monotonic() + self.patience.deadline
        while True:
            call.attempt += 1
            try:
                return await self._authorised(ask)
            except FaultError as fault:
                failure = no_answer(is_lost=fault.lost)
                was_sent = call.lost or fault.lost
                error: AvgateError = UnreachableError(_SILENT, was_sent=was_sent)
            except ProblemError as problem:
                failure, error = refused(problem), problem
            call.lost = call.lost or failure.is_lost
            wait = pause(
                failure, call.attempt, self.patience,
                repeatable=call.repeatable, chance=self.runtime.random.random(),
            )  # fmt: skip
            if wait is None or self.runtime.monotonic() + wait >= end:
                raise error
            await self.runtime.sleep(wait)

    async def _authorised(self, ask: Ask[T]) -> T:
        """Asks once more with another token, if there is one, after a 401: nothing was done."""
        used = await self._credentials()
        try:
            return await _understood(ask(used))
        except ProblemError as problem:
            if problem.status != HTTPStatus.UNAUTHORIZED:
                raise
            unaccepted = problem
        other = await self._credentials(used)
        if other == used:
            raise unaccepted
        return await _understood(ask(other))

    async def _credentials(self, refused: Header | None = None) -> Header | None:
        try:
            return await self.authorization.header(refused)
        except UnavailableError:
            raise UnreachableError("no token: its issuer does not answer", was_sent=False) from None
        except ConnectorError as error:
            raise CredentialsError(f"no token: {error}") from None

    def _accepted(self, answer: Response) -> Response:
        """The answer, if it is one to this call; raises ProblemError, UnexpectedAnswerError."""
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise problem_of(answer, self.runtime.now())
        if answer.status not in _GOOD:
            message = f"what answers there is no gateway: status {answer.status}"
            raise UnexpectedAnswerError(message)
        return answer


async def _understood(asking: Awaitable[T]) -> T:
    """What the contracts say of an upstream, said of the gateway; FaultErrors are for the tries."""
    try:
        return await asking
    except ContractBrokenError as error:
        raise UnexpectedAnswerError(str(error)) from None
    except MisconfiguredError as error:
        raise InvalidCallError(str(error)) from None


async def _body(answer: Answer) -> AsyncGenerator[bytes, None]:
    error: AvgateError
    try:
        async for piece in pieces(answer, _LARGEST_FILE):
            yield piece
    except FaultError:
        error = UnreachableError("the answer was cut", was_sent=True)
    except ContractBrokenError as broken:
        error = UnexpectedAnswerError(str(broken))
    else:
        return
    raise error
