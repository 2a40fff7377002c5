"""A call from its first try to its answer or its error, inside its deadline."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from http import HTTPStatus
from typing import TypeAlias, TypeVar

from avgate_contracts.connector import Limits
from avgate_contracts.errors import ConnectorError
from avgate_contracts.http.answer import Response, Streamed
from avgate_contracts.http.authorization import Authorization
from avgate_contracts.http.call import Call
from avgate_contracts.http.deadline import Deadline
from avgate_contracts.http.fault import (
    FaultError,
    PageError,
    UnacceptedError,
    UnauthorisedError,
    after_a_lost_write,
    conclusion,
    refusal,
)
from avgate_contracts.http.header import Header
from avgate_contracts.http.library import Answer, AsyncBaseTransport
from avgate_contracts.http.pace import Pace
from avgate_contracts.http.reading import brisk, drop, headers_of, pieces, whole
from avgate_contracts.http.retry import retry_after, retrying
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.wire import Wire

T = TypeVar("T")
# One try: with these credentials, and in this place, which it may take along.
Ask: TypeAlias = Callable[[Header | None, AsyncExitStack], Awaitable[T]]


def _is_page(answer: Answer) -> bool:
    kind = str(answer.headers.get("content-type", ""))
    return answer.status_code == HTTPStatus.OK and kind.lower().startswith("text/html")


class Tries:
    """Carries calls out over one transport, at one pace."""

    def __init__(
        self,
        transport: AsyncBaseTransport,
        limits: Limits,
        runtime: Runtime,
        *,
        passes_trace: bool = False,
    ) -> None:
        self._wire = Wire(transport, limits, runtime, passes_trace=passes_trace)
        self._pace = Pace(limits, runtime)
        self._limits = limits
        self._runtime = runtime

    async def send(self, call: Call, authorization: Authorization) -> Response:
        """The answer with its body; raises ConnectorError."""

        async def ask(credentials: Header | None, _place: AsyncExitStack) -> Response:
            return await self._whole(call, credentials)

        return await self._concluded(call, authorization, ask)

    @asynccontextmanager
    async def stream(
        self, call: Call, authorization: Authorization, most: int
    ) -> AsyncIterator[Streamed]:
        """The answer with its body to be read; the deadline ends where the body begins."""

        async def ask(
            credentials: Header | None, place: AsyncExitStack
        ) -> tuple[Answer, AsyncExitStack]:
            return await self._opened(call, credentials, place)

        answer, opened = await self._concluded(call, authorization, ask)
        async with opened, aclosing(self._chunks(answer, most)) as chunks:
            yield Streamed(answer.status_code, headers_of(answer), chunks)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._wire.aclose()

    async def _concluded(self, call: Call, authorization: Authorization, ask: Ask[T]) -> T:
        """Tries until there is an answer or an end of it; no FaultError gets out of here."""
        deadline = Deadline(self._limits.deadline, self._runtime.monotonic)

        async def once() -> T:
            return await self._once(call, authorization, ask, deadline)

        error: ConnectorError
        try:
            async with deadline:
                return await self._tried(once, call, deadline)
        except FaultError as fault:
            error = conclusion(fault, unknown=call.write and call.lost)
        except ConnectorError as final:
            error = after_a_lost_write(final) if call.write and call.lost else final
        except TimeoutError:
            if not deadline.expired:
                raise
            late = FaultError(deadline.why, lost=call.under_way)
            error = conclusion(late, unknown=call.write and (call.lost or call.under_way))
        raise error

    async def _tried(self, once: Callable[[], Awaitable[T]], call: Call, deadline: Deadline) -> T:
        """The answer of the first try, or of one that the policy grants after it.

        The policy is told of the first try when that has failed: most do not.
        """
        try:
            return await once()
        except FaultError as error:
            failed = [error]

        async def again() -> T:
            if failed:
                raise failed.pop()
            return await once()

        policy = retrying(self._limits, self._runtime, deadline, repeatable=call.repeatable)
        return await policy(again)

    async def _once(
        self, call: Call, authorization: Authorization, ask: Ask[T], deadline: Deadline
    ) -> T:
        call.attempt += 1
        try:
            async with AsyncExitStack() as place:
                await authorization.header()  # who has no token yet shares its fate, and no place
                await self._entered(call, place, deadline)
                return await self._authorised(call, authorization, ask, place, deadline)
        except FaultError as fault:
            call.under_way = False
            call.lost = call.lost or fault.lost
            if fault.after is not None and fault.after <= self._limits.longest_wait:
                self._pace.pause(fault.after)
            raise

    async def _entered(self, call: Call, place: AsyncExitStack, deadline: Deadline) -> None:
        """Waits for a place, and for the end of a pause that somebody else was asked for."""
        with nullcontext() if self._pace.is_open else deadline.queued():
            if not call.placeless:
                await place.enter_async_context(self._pace.place())
            if call.attempt == 1:
                await self._pace.ready()

    async def _authorised(
        self,
        call: Call,
        authorization: Authorization,
        ask: Ask[T],
        place: AsyncExitStack,
        deadline: Deadline,
    ) -> T:
        """Asks once more, with other credentials, if there are any, after a 401.

        Those may have been ended meanwhile by another call of ours, so that is worth another try.
        """
        used = await authorization.header()  # anew: it may have run out in the queue
        try:
            await self._turn(deadline)
            return await ask(used, place)
        except UnauthorisedError as error:
            call.under_way = False
            refused = error
        other = await authorization.header(used)
        if other == used:
            raise refused
        await self._turn(deadline)
        try:
            return await ask(other, place)
        except UnauthorisedError as error:
            raise UnacceptedError from error

    async def _turn(self, deadline: Deadline) -> None:
        if self._pace.is_limited:
            with deadline.queued():
                await self._pace.turn()

    async def _whole(self, call: Call, credentials: Header | None) -> Response:
        async with self._wire.opened(call, credentials) as answer:
            await self._check(call, answer)
            most = self._limits.max_response_bytes
            body = await whole(answer, most, is_head=call.method == "HEAD")
        return Response(answer.status_code, headers_of(answer), body, call.lost)

    async def _opened(
        self, call: Call, credentials: Header | None, place: AsyncExitStack
    ) -> tuple[Answer, AsyncExitStack]:
        """The answer, and what has to be closed after it: itself, and then the place.

        A refusal that the caller accepts is no file: it is read here, where a cut can be tried again.
        """
        async with AsyncExitStack() as stack:
            answer = await stack.enter_async_context(self._wire.opened(call, credentials))
            await self._check(call, answer)
            if not answer.is_success:
                body = await whole(answer, self._limits.max_response_bytes)
                answer = Answer(answer.status_code, headers=answer.headers, content=body)
            place.push_async_exit(stack.pop_all())
        return answer, place.pop_all()

    async def _check(self, call: Call, answer: Answer) -> None:
        """Raises what a status that was not asked for comes to, and a page that nobody asks for."""
        if call.wants(answer.status_code):
            if _is_page(answer):
                await drop(answer)
                raise PageError(lost=call.write)
            return
        after = retry_after(answer.headers.get("retry-after"), self._runtime.now())
        await drop(answer)
        raise refusal(answer.status_code, after)

    async def _chunks(self, answer: Answer, most: int) -> AsyncGenerator[bytes, None]:
        pieced = brisk(pieces(answer, most), self._runtime.monotonic, self._limits.deadline)
        try:
            async for piece in pieced:
                yield piece
        except FaultError as fault:
            error = conclusion(fault, unknown=False)
        else:
            return
        raise error
