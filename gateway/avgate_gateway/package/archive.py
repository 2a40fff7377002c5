"""A ZIP that streams from sources that are awaited, without a thread and without holding a file.

zipstream-ng draws from a plain iterator, and gives one part back for each chunk it drew. So both
take turns: a chunk is put into the `_Feed`, and the library is asked for one part, which takes
that chunk and no more. Should a later release draw ahead or lag behind, the feed notices, and the
package fails loudly instead of losing a byte. Entries that stream carry ZIP64 sizes, for their
length is not known when their header is written (APPNOTE 4.3.9.2).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import closing
from zipfile import ZIP_DEFLATED, ZIP_STORED

from zipstream import ZipStream

from avgate_gateway.package.tally import Octets

OUTPUT_BYTES = 64 * 1024


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
    """Writes entries one after the other, and gives out the archive in pieces of some 64 KiB."""

    def __init__(self) -> None:
        self._zip = ZipStream()
        self._ready = bytearray()

    async def add(
        self, path: str, chunks: AsyncIterator[Octets], *, deflate: bool
    ) -> AsyncGenerator[bytes, None]:
        """Writes one entry; what does not fill a piece waits for the next entry or for `end`."""
        feed = _Feed()
        self._zip.add(feed, path, compress_type=ZIP_DEFLATED if deflate else ZIP_STORED)
        with closing(self._zip.file()) as parts:
            self._ready += next(parts)  # the header, before anything is drawn
            async for chunk in chunks:
                feed.put(chunk)
                self._ready += next(parts)
                if len(self._ready) >= OUTPUT_BYTES:
                    yield self._taken()
            feed.end()
            self._ready += b"".join(parts)

    def end(self) -> Generator[bytes, None, None]:
        """The directory at the end, without which nothing opens the archive."""
        for part in self._zip.footer():
            self._ready += part
            if len(self._ready) >= OUTPUT_BYTES:
                yield self._taken()
        yield self._taken()

    def _taken(self) -> bytes:
        taken = bytes(self._ready)
        self._ready.clear()
        return taken
