"""The package as a stream: nothing held, nobody kept waiting, nothing left behind."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.package import (
    File,
    PackageHead,
    Section,
    SystemNote,
    SystemOutcome,
    stream_package,
)
from avgate_gateway.package.archive import OUTPUT_BYTES, _Feed

MOMENT = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTES = (SystemNote("xelion", "Xelion", SystemOutcome.COMPLETED),)
HEAD = PackageHead("r-1", Operation.EXPORT, "Libervoice B.V.", "nl", MOMENT, MOMENT, NOTES)
CHUNK = 64 * 1024


class Sound:
    """A recording that counts what was drawn of it and knows whether it was closed."""

    def __init__(self, chunks: int, size: int = CHUNK) -> None:
        self.drawn = 0
        self.closed = 0
        self._chunks, self._size = chunks, size

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(self._chunks):
                self.drawn += self._size
                yield bytes(self._size)
        finally:
            self.closed += 1

    def file(self, media_type: str = "audio/mpeg") -> File:
        return File("xelion", Category.RECORDING, "gesprek", media_type, self.chunks)


def endless(closed: list[str]) -> Section:
    async def records() -> AsyncIterator[Mapping[str, Json]]:
        try:
            number = 0
            while True:
                number += 1
                yield {"number": hash(str(number))}
        finally:
            closed.append("records")

    return Section("xelion", Category.CONTACT, Product.VOICE, 1, ("number",), records)


async def test_a_file_is_drawn_no_faster_than_the_package_is_read() -> None:
    sound = Sound(chunks=200)
    read = 0
    async for piece in stream_package(HEAD, [], [sound.file()]):
        read += len(piece)
        assert len(piece) <= OUTPUT_BYTES + CHUNK
        assert sound.drawn <= read + OUTPUT_BYTES + CHUNK
    assert sound.drawn == 200 * CHUNK


async def test_others_get_a_turn_in_the_middle_of_one_large_chunk() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    sound = Sound(chunks=1, size=100 * 32 * 1024)
    async for _ in stream_package(HEAD, [], [sound.file("audio/wav")]):
        pass
    task.cancel()
    assert turns >= 100


async def test_what_is_text_is_deflated_and_what_is_compressed_is_stored() -> None:
    async def records() -> AsyncIterator[Mapping[str, Json]]:
        for _ in range(500):
            yield {"number": 1, "text": "the same again"}

    columns = ("number", "text")
    section = Section("xelion", Category.CONTACT, Product.VOICE, 500, columns, records)
    body = stream_package(HEAD, [section], [Sound(2).file(), Sound(2).file("audio/wav")])
    package = zipfile.ZipFile(io.BytesIO(b"".join([piece async for piece in body])))
    assert {entry.filename: entry.compress_type for entry in package.infolist()} == {
        "LEESMIJ.txt": zipfile.ZIP_DEFLATED,
        "xelion/voice-contact.json": zipfile.ZIP_DEFLATED,
        "xelion/voice-contact.csv": zipfile.ZIP_DEFLATED,
        "xelion/files/0001.mp3": zipfile.ZIP_STORED,
        "xelion/files/0002.wav": zipfile.ZIP_DEFLATED,
        "manifest.json": zipfile.ZIP_DEFLATED,
    }


async def test_a_reader_that_stops_half_way_leaves_nothing_open() -> None:
    closed: list[str] = []

    async def sections() -> AsyncIterator[Section]:
        try:
            yield endless(closed)
        finally:
            closed.append("sections")

    threads = threading.active_count()
    async with aclosing(stream_package(HEAD, sections(), [])) as body:
        assert await anext(body)
        assert await anext(body)
    assert closed == ["records", "sections"]
    assert threading.active_count() == threads


async def test_a_cancelled_reader_closes_the_recording_it_waits_for() -> None:
    closed: list[str] = []
    waiting = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"sound"
            waiting.set()
            await asyncio.Event().wait()
        finally:
            closed.append("chunks")

    async def read() -> None:
        file = File("xelion", Category.RECORDING, "gesprek", "audio/mpeg", chunks)
        async with aclosing(stream_package(HEAD, [], [file])) as body:
            async for _ in body:
                pass

    reader = asyncio.create_task(read())
    await waiting.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert closed == ["chunks"]


async def test_a_source_that_fails_leaves_no_package_that_opens() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"sound" * 50_000
        raise ConnectionResetError

    file = File("xelion", Category.RECORDING, "gesprek", "audio/mpeg", chunks)
    kept = io.BytesIO()

    async def read() -> None:
        async for piece in stream_package(HEAD, [], [file]):
            kept.write(piece)

    with pytest.raises(ConnectionResetError):
        await read()
    assert kept.tell() > 0
    assert not zipfile.is_zipfile(kept)


async def test_every_recording_is_closed_once_it_was_read() -> None:
    sounds = [Sound(1), Sound(1)]
    async for _ in stream_package(HEAD, [], [sound.file() for sound in sounds]):
        pass
    assert [sound.closed for sound in sounds] == [1, 1]


def test_a_zip_library_that_no_longer_takes_turns_is_noticed() -> None:
    feed = _Feed()
    with pytest.raises(RuntimeError, match="drew ahead"):
        next(feed)
    feed.put(b"one")
    with pytest.raises(RuntimeError, match="lags behind"):
        feed.put(b"two")
    assert next(feed) == b"one"
    feed.end()
    with pytest.raises(StopIteration):
        next(feed)
