"""A package from its values to its bytes, one entry after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from functools import partial
from typing import TypeVar

from avgate_gateway.package import manifest
from avgate_gateway.package.archive import Archive
from avgate_gateway.package.content import File, PackageHead, Section
from avgate_gateway.package.json_text import json_array, json_array_of_texts
from avgate_gateway.package.manifest import Manifest
from avgate_gateway.package.naming import EntryNames, is_worth_deflating
from avgate_gateway.package.readme import readme
from avgate_gateway.package.spreadsheet import DIALECTS, csv_of_tables, csv_rows
from avgate_gateway.package.tally import Octets, Tally

STEP_BYTES = 1024 * 1024  # what the archive's thread is given at a time: a few milliseconds of work

T = TypeVar("T")


async def stream_package(
    head: PackageHead,
    sections: AsyncIterator[Section] | Sequence[Section],
    files: AsyncIterator[File] | Sequence[File],
) -> AsyncGenerator[bytes, None]:
    """The package as a ZIP, in pieces of some 64 KiB, made as it is read.

    Nothing is held but the piece at hand and a few hundred bytes for each entry. A fault of a
    source goes through, and leaves an archive without directory that no program opens: part of a
    package never passes for a whole. Closing the generator closes the iterators it drew from.
    Raises ValueError for a connector that the head has no note of, or whose name is no plain word.
    """
    with closing(Archive()) as archive:
        async with aclosing(_pieces(_Making(head, archive), sections, files)) as pieces:
            async for piece in pieces:
                yield piece


async def _pieces(
    making: _Making,
    sections: AsyncIterator[Section] | Sequence[Section],
    files: AsyncIterator[File] | Sequence[File],
) -> AsyncGenerator[bytes, None]:
    async with _drawn(_each(sections)) as each_section, _drawn(_each(files)) as each_file:
        async with aclosing(making.explanation()) as pieces:
            async for piece in pieces:
                yield piece
        async for section in each_section:
            async with aclosing(making.section(section)) as pieces:
                async for piece in pieces:
                    yield piece
        async for file in each_file:
            async with aclosing(making.file(file)) as pieces:
                async for piece in pieces:
                    yield piece
    async with aclosing(making.ending()) as pieces:
        async for piece in pieces:
            yield piece


class _Making:
    """One package while it is made."""

    def __init__(self, head: PackageHead, archive: Archive) -> None:
        self._head = head
        self._archive = archive
        self._manifest = Manifest(head)
        self._names = EntryNames()

    async def explanation(self) -> AsyncGenerator[bytes, None]:
        path, text = readme(self._head)
        tally = Tally()
        async with self._entry(path, _once([text.encode()]), tally) as pieces:
            async for piece in pieces:
                yield piece
        self._manifest.enter(path, "text/plain; charset=utf-8", tally)

    async def section(self, section: Section) -> AsyncGenerator[bytes, None]:
        self._manifest.expect(section.connector)
        stem = self._names.section(section)
        as_json, as_csv = Tally(), Tally()
        for ending, made, tally in (("json", self._json, as_json), ("csv", self._csv, as_csv)):
            rows = made(section, tally)
            async with self._entry(f"{stem}.{ending}", rows, tally) as pieces:
                async for piece in pieces:
                    yield piece
        self._manifest.enter_section(section, stem, (as_json, as_csv))

    def _json(self, section: Section, tally: Tally) -> AsyncGenerator[bytes, None]:
        if section.texts is None:
            return _made(section.records(), partial(json_array, tally=tally))
        return _made(section.texts(), partial(json_array_of_texts, tally=tally))

    def _csv(self, section: Section, tally: Tally) -> AsyncGenerator[bytes, None]:
        columns, dialect = section.columns, DIALECTS[self._head.language]
        if section.tables is None:
            rows = partial(csv_rows, columns=columns, dialect=dialect, tally=tally)
            return _made(section.records(), rows)
        taken = partial(csv_of_tables, columns=columns, dialect=dialect, tally=tally)
        return _made(section.tables(), taken)

    async def file(self, file: File) -> AsyncGenerator[bytes, None]:
        self._manifest.expect(file.connector)
        path = self._names.file(file)
        tally = Tally()
        async with (
            _drawn(file.chunks()) as chunks,
            self._entry(path, chunks, tally) as pieces,
        ):
            async for piece in pieces:
                yield piece
        self._manifest.enter_file(file, path, tally)

    async def ending(self) -> AsyncGenerator[bytes, None]:
        octets = _once(self._manifest.octets())
        async with self._entry(manifest.PATH, octets, Tally()) as pieces:
            async for piece in pieces:
                yield piece
        for piece in self._archive.end():
            yield piece

    @asynccontextmanager
    async def _entry(
        self, path: str, chunks: AsyncIterator[bytes], tally: Tally
    ) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async with _drawn(_paced(chunks)) as steps:
            written = self._archive.add(path, steps, tally, deflate=is_worth_deflating(path))
            async with _drawn(written) as pieces:
                yield pieces


async def _paced(chunks: AsyncIterator[bytes]) -> AsyncGenerator[Octets, None]:
    """The chunks in steps, with a turn for everybody else after each."""
    async with _drawn(chunks) as drawn:
        async for chunk in drawn:
            if len(chunk) <= STEP_BYTES:
                yield chunk
                await asyncio.sleep(0)
                continue
            view = memoryview(chunk)
            for start in range(0, len(view), STEP_BYTES):
                yield bytes(view[start : start + STEP_BYTES])
                await asyncio.sleep(0)


async def _made(
    source: AsyncIterator[T], make: Callable[[AsyncIterator[T]], AsyncGenerator[bytes, None]]
) -> AsyncGenerator[bytes, None]:
    """What is made of a source, which is closed at the end."""
    async with _drawn(source) as drawn, aclosing(make(drawn)) as made:
        async for some in made:
            yield some


@asynccontextmanager
async def _drawn(source: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T], None]:
    """A source that is closed at the end, if it is one that can be: a generator holds a cursor."""
    try:
        yield source
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def _each(source: AsyncIterator[T] | Sequence[T]) -> AsyncGenerator[T, None]:
    if isinstance(source, AsyncIterator):
        async with _drawn(source) as drawn:
            async for item in drawn:
                yield item
    else:
        for item in source:
            yield item


async def _once(items: Iterable[T]) -> AsyncGenerator[T, None]:
    for item in items:
        yield item
