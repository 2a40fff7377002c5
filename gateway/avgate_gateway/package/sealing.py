"""Seals a stream for one recipient's age key while it is sent: nothing of it is on disk in clear.

The library encrypts from a reader to a writer and waits for both, so it has a thread of its own for
as long as the stream lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import pyrage

T = TypeVar("T")

_STRETCH = 64 * 1024  # what age encrypts at a time
_WAITING = 4  # stretches that may wait for a slow caller


class RecipientError(ValueError):
    """It is not an age public key."""


def canonical(recipient: str) -> str:
    """An age public key (`age1…`, X25519) as it is always written; raises RecipientError."""
    try:
        return str(pyrage.x25519.Recipient.from_str(recipient))
    except pyrage.RecipientError:
        raise RecipientError from None


async def sealed_for(recipient: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The stream as an age file; raises what reading `chunks` raises."""
    pipe = _Pipe(chunks, asyncio.get_running_loop())
    to = pyrage.x25519.Recipient.from_str(recipient)
    with ThreadPoolExecutor(1, "sealing") as thread:
        ended = asyncio.get_running_loop().run_in_executor(thread, pipe.encrypt, to)
        try:
            while (stretch := await pipe.sealed.get()) is not None:
                yield stretch
        finally:
            pipe.close()
            with suppress(pyrage.EncryptError, CancelledError):
                await ended
    if pipe.failure is not None:
        raise pipe.failure
    if not pipe.is_whole:
        raise RuntimeError("the copy was not sealed to its end")


class _Pipe:
    """What the library reads from and writes to, in its thread; both ends wait for each other."""

    def __init__(self, chunks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self.sealed: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self.failure: Exception | None = None
        self.is_whole = False
        self._chunks = chunks
        self._loop = loop
        self._left = b""
        self._is_closed = False
        self._step: Future[Any] | None = None

    def encrypt(self, recipient: Any) -> None:
        """Encrypts everything, in the thread."""
        try:
            pyrage.encrypt_io(self, self, [recipient])
            self.is_whole = True
        finally:
            with suppress(CancelledError):
                self._wait_for(self.sealed.put(None))

    def read(self, size: int = -1) -> bytes:
        """Asked by the library, in its thread."""
        if not self._left:
            self._left = self._wait_for(self._stretch())
        size = size if size >= 0 else len(self._left)
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def write(self, stretch: bytes) -> int:
        """Told by the library, in its thread."""
        self._wait_for(self.sealed.put(bytes(stretch)))
        return len(stretch)

    def flush(self) -> None:
        """Everything that was written is on its way already."""

    def close(self) -> None:
        """Nobody reads any more: whatever the thread waits for is given up."""
        self._is_closed = True
        if self._step is not None:
            self._step.cancel()

    async def _stretch(self) -> bytes:
        gathered = bytearray()
        try:
            async for chunk in self._chunks:
                gathered += chunk
                if len(gathered) >= _STRETCH:
                    break
        except Exception as error:
            self.failure = error
            raise
        return bytes(gathered)

    def _wait_for(self, step: Coroutine[Any, Any, T]) -> T:
        if self._is_closed:
            step.close()
            raise CancelledError
        self._step = mine = asyncio.run_coroutine_threadsafe(step, self._loop)
        if self._is_closed:  # in between: `close` saw the step before
            mine.cancel()
        return mine.result()
