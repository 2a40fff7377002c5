"""The beginning of a copy is made before its answer begins: what does not open is a problem, and no half of a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from avgate_gateway.problem import NOT_READY, Problem, ProblemError, sealed
from avgate_gateway.store.copies import ChangedError
from avgate_gateway.vault import VaultError

_HELD = 256 * 1024  # bytes: most copies are smaller


async def begun(body: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The same bytes, of which the first are made by now; raises VaultError, ProblemError.

    What does not open further on, or is not there any more, cuts the answer short, and is told in the log.
    """
    held: list[bytes] = []
    try:
        async for chunk in body:
            held.append(chunk)
            if sum(map(len, held)) >= _HELD:
                break
    except ChangedError:
        detail = "The copy is being made anew."
        raise ProblemError(Problem(NOT_READY, detail, headers={"retry-after": "1"})) from None
    return _whole(held, body)


async def _whole(
    held: list[bytes], body: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(body):
        for chunk in held:
            yield chunk
        held.clear()
        try:
            async for chunk in body:
                yield chunk
        except VaultError as error:
            sealed(error)
            raise
