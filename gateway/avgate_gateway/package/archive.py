"""A ZIP that streams from sources that are awaited, without holding a file.

zipstream-ng draws from a plain iterator, and gives one part back for each chunk it drew. So both
take turns: a chunk is put into the `_Feed`, and the library is asked for one part, which takes
that chunk and no more. Should a later release draw ahead or lag behind, the feed notices, and the
package fails loudly instead of losing a byte. Entries that stream carry ZIP64 sizes, for their
length is not known when their header is written (APPNOTE 4.3.9.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import cast
from zipfile import ZIP_DEFLATED, ZIP_STORED

from zipstream import ZipStream

from avgate_gateway.package.tally import Octets, Tally

OUTPUT_BYTES = 128 * 1024
_QUICKLY = 1  # to a twentieth; the library's own choice takes four times as long, for a quarter of that less
_SMALL_BYTES = 8 * 1024  # deflated sooner than a thread is woken


class _Feed:
    """Room for one chunk."""

    def __init__(self) -> None:
        self._chunk: Octets | None = None
        self._is_over = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> Octets:
        if self._chunk is None:
            if self._is_over:
                raise StopIteration
            raise RuntimeError("the ZIP library drew ahead: pin the release that takes turns")
        chunk, self._chunk = self._chunk, None
        return chunk

    def put(self, chunk: Octets) -> None:
        if self._chunk is not None:
            raise RuntimeError("the ZIP library lags behind: pin the release that takes turns")
        self._chunk = chunk

    def end(self) -> None:
        self._is_over = True


class Archive:
    """Writes entries one after the other, and gives out the archive in pieces of some 128 KiB.

    Hashing and deflating run in a thread of the archive's own while the next chunk is drawn: they
    are most of the work, and let other threads run meanwhile. Close it, or the thread stays.
    """

    def __init__(self) -> None:
        self._zip = ZipStream(compress_level=_QUICKLY)
        self._ready = bytearray()
        self._thread = ThreadPoolExecutor(1, "package")

    async def add(
        self, path: str, chunks: AsyncIterator[Octets], tally: Tally, *, deflate: bool
    ) -> AsyncGenerator[bytes, None]:
        """Writes and weighs one entry; what does not fill a piece waits for the next, or for `end`."""
        feed = _Feed()
        self._zip.add(feed, path, compress_type=ZIP_DEFLATED if deflate else ZIP_STORED)
        loop, parts = asyncio.get_running_loop(), cast("Generator[bytes]", self._zip.file())
        under_way: asyncio.Future[bytes] | None = None

        def written(chunk: Octets) -> bytes:
            tally.weigh(chunk)
            feed.put(chunk)
            return next(parts)

        def begun(chunk: Octets) -> asyncio.Future[bytes]:
            if len(chunk) >= _SMALL_BYTES:
                return loop.run_in_executor(self._thread, written, chunk)
            done: asyncio.Future[bytes] = loop.create_future()
            done.set_result(written(chunk))
            return done

        try:
            self._ready += next(parts)  # the header, before anything is drawn
            async for chunk in chunks:
                if under_way is not None:
                    for piece in self._filled(await asyncio.shield(under_way)):
                        yield piece
                under_way = begun(chunk)
            rest = await asyncio.shield(under_way) if under_way is not None else b""
            feed.end()
            for piece in (*self._filled(rest), *self._filled(b"".join(parts))):
                yield piece
        finally:
            if under_way is not None and not under_way.done():
                await asyncio.wait([under_way])  # milliseconds; the parts cannot be closed before
            parts.close()

    def _filled(self, part: bytes) -> Generator[bytes, None, None]:
        """What is ready to be given out with one more part; a large one is given out as it is."""
        is_large = len(part) >= OUTPUT_BYTES
        if not is_large:
            self._ready += part
        if (is_large and self._ready) or len(self._ready) >= OUTPUT_BYTES:
            yield self._taken()
        if is_large:
            yield part

    def end(self) -> Generator[bytes, None, None]:
        """The directory at the end, without which nothing opens the archive."""
        for part in self._zip.footer():
            self._ready += part
            if len(self._ready) >= OUTPUT_BYTES:
                yield self._taken()
        yield self._taken()

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown()

    def _taken(self) -> bytes:
        taken = bytes(self._ready)
        self._ready.clear()
        return taken
