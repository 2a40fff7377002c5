"""Feeds the package from the encrypted copy."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from zlib import decompress

import orjson

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.ending import ending, left_earlier
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.copying import COLUMNS, FILE, FILE_NAME, RECORDS, TABLE, language
from avgate_gateway.in_dutch import told
from avgate_gateway.package import (
    OTHER_FIELDS,
    File,
    LeftNote,
    PackageHead,
    Section,
    SystemNote,
    SystemOutcome,
    UnseenNote,
    stream_package,
)
from avgate_gateway.registry import Installed
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import SubjectRequest
from avgate_gateway.retention import AMSTERDAM
from avgate_gateway.store import copies, evidence, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.copies import Shelf
from avgate_gateway.store.database import Database
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.store.unseen import UnseenPart
from avgate_gateway.vault import Box

_LONG_NUMBER = re.compile(rb"[0-9]{19}")
# Of a copy a connector's part has no other words.
_OUTCOMES: Final[Mapping[OutcomeWord, SystemOutcome]] = {
    OutcomeWord.PENDING: SystemOutcome.PENDING,
    OutcomeWord.PROVIDED: SystemOutcome.COMPLETED,
    OutcomeWord.NOTHING_HELD: SystemOutcome.NOTHING_HELD,
    OutcomeWord.NOTHING_IN_SCOPE: SystemOutcome.NOTHING_IN_SCOPE,
    OutcomeWord.NOT_RELEVANT: SystemOutcome.NOT_RELEVANT,
    OutcomeWord.NOT_SEARCHABLE: SystemOutcome.NOT_SEARCHABLE,
    OutcomeWord.BY_HAND: SystemOutcome.UNSUPPORTED,
    OutcomeWord.DONE_BY_HAND: SystemOutcome.DONE_BY_HAND,
    OutcomeWord.REFUSED: SystemOutcome.REFUSED,
    OutcomeWord.FAILED: SystemOutcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class _Copy:
    """One request's copy, opened part by part."""

    database: Database
    request_id: str
    box: Box

    def columns(self, task: Task) -> Mapping[str, Sequence[str]] | None:
        """The names of the fields; None where a copy was not finished."""
        if task.columns_box is None:
            return task.columns
        names: Mapping[str, Sequence[str]] = orjson.loads(self.box.open(task.columns_box, COLUMNS))
        return names

    def records(self, shelf: Shelf) -> Callable[[], AsyncIterator[Mapping[str, Json]]]:
        async def read() -> AsyncIterator[Mapping[str, Json]]:
            async with aclosing(self.texts(shelf)()) as texts:
                async for text in texts:
                    # orjson reads an integer of more than 64 bits as a fraction
                    loads = json.loads if _LONG_NUMBER.search(text) else orjson.loads
                    for line in text.split(b"\n"):
                        yield loads(line)

        return read

    def texts(self, shelf: Shelf) -> Callable[[], AsyncGenerator[bytes, None]]:
        async def read() -> AsyncGenerator[bytes, None]:
            async with aclosing(copies.boxes(self.database, self.request_id, shelf)) as boxes:
                async for sealed in boxes:
                    yield decompress(self.box.open(sealed, RECORDS))

        return read

    def tables(self, shelf: Shelf) -> Callable[[], AsyncIterator[tuple[int, bytes]]]:
        async def read() -> AsyncIterator[tuple[int, bytes]]:
            async with aclosing(copies.tables(self.database, self.request_id, shelf)) as boxes:
                async for width, sealed in boxes:
                    yield width, decompress(self.box.open(sealed, TABLE))

        return read

    def chunks(self, shelf: Shelf) -> Callable[[], AsyncIterator[bytes]]:
        async def read() -> AsyncIterator[bytes]:
            async with aclosing(copies.boxes(self.database, self.request_id, shelf)) as boxes:
                async for sealed in boxes:
                    yield self.box.open(sealed, FILE)

        return read


async def packed(
    context: Context, installed: Mapping[str, Installed], request: SubjectRequest, box: Box
) -> AsyncGenerator[bytes, None]:
    """The package of a request as it is sent."""
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
        shelves = await copies.shelves(db, request.id)
        files_gone = await _files_gone(db, request.id)
    desk, copy = context.desks[request.controller], _Copy(context.database, request.id, box)
    head = PackageHead(
        request_id=request.id,
        operation=request.operation,
        controller_title=desk.title,
        language=language(request),
        made_at=context.now().astimezone(AMSTERDAM),
        received_at=request.counts_from.astimezone(AMSTERDAM),
        notes=[
            _note(request, task, installed, files_gone.get(task.connector, 0)) for task in all_tasks
        ],
        connectors=sorted(request.scope.connectors),
        categories=sorted(request.scope.categories),
    )
    columns = _columns(copy, all_tasks)
    shelves = [shelf for shelf in shelves if shelf.connector in columns]  # half a copy is none
    sections = [_section(s, copy, columns[s.connector]) for s in shelves if s.file is None]
    files = [_file(s, copy) for s in shelves if s.file is not None]
    async for chunk in stream_package(head, sections, files):
        yield chunk


async def _files_gone(db: Connection, request_id: str) -> Mapping[str, int]:
    """How many files each connector listed and no longer had, by the newest of its copies."""
    written = await evidence.of_request(db, request_id)
    copied = [orjson.loads(one.details) for one in written if one.event == "task.copied"]
    return {one["connector"]: one.get("files_gone", 0) for one in copied}


async def recorded(
    context: Context, request: SubjectRequest, box: Box
) -> AsyncIterator[tuple[Shelf, bytes]]:
    """Every record of a request's copy as JSON, with where it is from, without its files."""
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
        shelves = await copies.shelves(db, request.id)
    copy = _Copy(context.database, request.id, box)
    columns = _columns(copy, all_tasks)
    for shelf in shelves:
        if shelf.file is not None or shelf.connector not in columns:
            continue
        async with aclosing(copy.texts(shelf)()) as texts:
            async for text in texts:
                for line in text.split(b"\n"):
                    yield shelf, line


def _columns(copy: _Copy, all_tasks: Sequence[Task]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The names of the fields, of each connector whose part was finished."""
    named = ((task.connector, copy.columns(task)) for task in all_tasks)
    return {connector: names for connector, names in named if names is not None}


def _section(shelf: Shelf, copy: _Copy, all_columns: Mapping[str, Sequence[str]]) -> Section:
    columns = tuple(all_columns.get(f"{shelf.category}/{shelf.product}", ()))
    return Section(
        connector=shelf.connector,
        category=Category(shelf.category),
        product=Product(shelf.product),
        count=shelf.count,
        columns=columns,
        records=copy.records(shelf),
        texts=copy.texts(shelf),
        tables=None if OTHER_FIELDS in columns else copy.tables(shelf),
    )


def _file(shelf: Shelf, copy: _Copy) -> File:
    name = copy.box.open(shelf.name_box, FILE_NAME).decode() if shelf.name_box else ""
    return File(
        connector=shelf.connector,
        category=Category(shelf.category),
        name=name,
        media_type=shelf.media_type or "application/octet-stream",
        chunks=copy.chunks(shelf),
    )


def _note(
    request: SubjectRequest, task: Task, installed: Mapping[str, Installed], gone: int
) -> SystemNote:
    known = installed.get(task.connector)
    title = known.manifest.title if known and known.manifest else task.connector
    parts = () if task.is_answered else tuple(map(_unseen, task.unseen))
    outcome = _outcome(request, task)
    reason = told(task.reason, task.code, request.language) or ""
    gone = 0 if task.is_answered else gone
    return SystemNote(task.connector, title, outcome, reason, parts, _left(task), gone)


def _left(task: Task) -> tuple[LeftNote, ...]:
    return tuple(
        LeftNote(left.category, left.count, left.is_retained, left.until)
        for left, _ in left_earlier(task)
    )


def _unseen(part: UnseenPart) -> UnseenNote:
    return UnseenNote(part.part, part.why, part.needs, part.is_done)


def _outcome(request: SubjectRequest, task: Task) -> SystemOutcome:
    if task.stage is Stage.DONE and task.unseen and not task.is_answered:
        return SystemOutcome.PARTLY if task.tally else SystemOutcome.NOT_SEARCHABLE
    if any(left_earlier(task)):
        return SystemOutcome.PARTLY if task.tally else SystemOutcome.LEFT_EARLIER
    word = ending(request.operation, task, is_narrowed=request.scope.is_by_category)
    return _OUTCOMES[word or OutcomeWord.PENDING]
