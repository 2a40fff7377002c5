"""Reading a body without letting it fill the memory or stop the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.http.fault import FaultError, fault_of
from avgate_contracts.http.library import Answer, AsyncByteStream, TransportError

_SMALL = 64 * 1024  # bytes of an error's body read for the sake of keeping the connection
_SLOWEST = 1024  # bytes a second that a stream has to bring once its time of grace is over


def headers_of(answer: Answer) -> Mapping[str, str]:
    """The headers under lower-case names, without cookies: no state is carried."""
    found: dict[str, str] = {}
    for raw_name, raw_value in answer.headers.raw:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        if name != "set-cookie":
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


async def whole(answer: Answer, most: int, *, is_head: bool = False) -> bytes:
    """The body, at most so many bytes; raises ContractBrokenError beyond, FaultError where cut.

    `is_head`: the length that is told is that of a file which was not asked for.
    """
    if not is_head and _length(answer) > most:
        raise _too_long(most)
    return b"".join([piece async for piece in _read(answer, most)])


async def drop(answer: Answer) -> None:
    """Reads the body of an answer that needs none, if it is small: the connection stays usable."""
    if _length(answer) > _SMALL:
        return
    try:
        async for _ in pieces(answer, _SMALL):
            pass
    except (FaultError, ContractBrokenError):
        return  # the status has said it all


async def pieces(answer: Answer, most: int) -> AsyncIterator[bytes]:
    """The body as it comes; raises ContractBrokenError beyond `most`, FaultError where cut.

    We ask for no content coding and refuse one: 300 KB of gzip can be 300 MB of zeros.
    """
    if _length(answer) > most:
        raise _too_long(most)
    async for piece in _read(answer, most):
        yield piece


async def _read(answer: Answer, most: int) -> AsyncIterator[bytes]:
    coded = answer.headers.get("content-encoding", "identity").strip().lower() != "identity"
    stream = answer.stream
    if not isinstance(stream, AsyncByteStream):
        raise TypeError("an async transport answers with an async stream")
    size = 0
    fault: Exception | None = None
    try:
        async for piece in stream:
            size += len(piece)
            if size > most:
                raise _too_long(most)
            if coded and piece:
                raise ContractBrokenError("the upstream compressed its answer without being asked")
            yield piece
    except TransportError as error:
        fault = fault_of(error)
    if fault is not None:
        raise fault


async def brisk(
    chunks: AsyncIterator[bytes], monotonic: Callable[[], float], grace: float
) -> AsyncIterator[bytes]:
    """The same chunks, unless the upstream drips them: FaultError then.

    Only the time spent waiting for the upstream counts, not the reader's own.
    """
    waited, size = 0.0, 0
    asked = monotonic()
    async for chunk in chunks:
        waited += monotonic() - asked
        size += len(chunk)
        if waited > grace and size < (waited - grace) * _SLOWEST:
            raise FaultError("a body that drips", lost=True)
        yield chunk
        asked = monotonic()


def _length(answer: Answer) -> int:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _too_long(most: int) -> ContractBrokenError:
    return ContractBrokenError(f"the upstream's answer is longer than {most} bytes")
