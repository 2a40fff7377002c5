"""Feeds the package from the encrypted copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.copying import FILE, FILE_NAME, RECORDS
from avgate_gateway.flow.looking import NOT_RELEVANT
from avgate_gateway.package import (
    File,
    PackageHead,
    Section,
    SystemNote,
    SystemOutcome,
    stream_package,
)
from avgate_gateway.registry import Installed
from avgate_gateway.request import SubjectRequest
from avgate_gateway.retention import AMSTERDAM
from avgate_gateway.store import copies, tasks
from avgate_gateway.store.copies import Shelf
from avgate_gateway.store.database import Database
from avgate_gateway.store.tasks import Stage, Task
from avgate_gateway.vault import Box

DONE_BY_HAND = "done_by_hand"
_BY_HAND = frozenset({"cannot_find", "ambiguous", "unsupported", "held_back"})


@dataclass(frozen=True, slots=True)
class _Copy:
    """One request's copy, opened part by part."""

    database: Database
    request_id: str
    box: Box

    def records(self, shelf: Shelf) -> Callable[[], AsyncIterator[Mapping[str, Json]]]:
        async def read() -> AsyncIterator[Mapping[str, Json]]:
            async for sealed in copies.boxes(self.database, self.request_id, shelf):
                for line in self.box.open(sealed, RECORDS).split(b"\n"):
                    yield orjson.loads(line)

        return read

    def chunks(self, shelf: Shelf) -> Callable[[], AsyncIterator[bytes]]:
        async def read() -> AsyncIterator[bytes]:
            async for sealed in copies.boxes(self.database, self.request_id, shelf):
                yield self.box.open(sealed, FILE)

        return read


async def packed(
    context: Context, installed: Mapping[str, Installed], request: SubjectRequest, box: Box
) -> AsyncIterator[bytes]:
    """The package of a request as it is sent."""
    async with context.database.read() as db:
        all_tasks = await tasks.of_request(db, request.id)
        shelves = await copies.shelves(db, request.id)
    desk, copy = context.desks[request.controller], _Copy(context.database, request.id, box)
    head = PackageHead(
        request_id=request.id,
        operation=request.operation,
        controller_title=desk.title,
        language="en" if request.language == "en" else "nl",
        made_at=context.now().astimezone(AMSTERDAM),
        received_at=request.received_at.astimezone(AMSTERDAM),
        notes=[_note(task, installed) for task in all_tasks],
    )
    columns = {task.connector: task.columns for task in all_tasks if task.columns is not None}
    shelves = [shelf for shelf in shelves if shelf.connector in columns]  # half a copy is none
    sections = [_section(s, copy, columns[s.connector]) for s in shelves if s.file is None]
    files = [_file(s, copy) for s in shelves if s.file is not None]
    async for chunk in stream_package(head, sections, files):
        yield chunk


def _section(shelf: Shelf, copy: _Copy, columns: Mapping[str, Sequence[str]]) -> Section:
    return Section(
        connector=shelf.connector,
        category=Category(shelf.category),
        product=Product(shelf.product),
        count=shelf.count,
        columns=tuple(columns.get(f"{shelf.category}/{shelf.product}", ())),
        records=copy.records(shelf),
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


def _note(task: Task, installed: Mapping[str, Installed]) -> SystemNote:
    known = installed.get(task.connector)
    title = known.manifest.title if known and known.manifest else task.connector
    return SystemNote(task.connector, title, _outcome(task), task.reason or "")


def _outcome(task: Task) -> SystemOutcome:
    if task.code == NOT_RELEVANT:
        return SystemOutcome.NOT_RELEVANT
    if task.code == DONE_BY_HAND:
        return SystemOutcome.UNSUPPORTED  # a person gives it out; it is not in this package
    if task.code in _BY_HAND:
        return SystemOutcome.UNSUPPORTED
    if task.stage is Stage.STUCK:
        return SystemOutcome.REFUSED if task.code == "refused" else SystemOutcome.FAILED
    if task.stage is not Stage.DONE:
        return SystemOutcome.PENDING
    return SystemOutcome.COMPLETED if task.tally else SystemOutcome.NOTHING_HELD
