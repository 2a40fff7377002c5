"""Stage LOCATE of an access or export: makes the encrypted copy of what an upstream shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from zlib import compress

import orjson

from avgate_contracts.errors import NotFoundError
from avgate_contracts.record import Attachment, Json, Record
from avgate_gateway.flow import earlier
from avgate_gateway.flow.context import Part
from avgate_gateway.flow.looking import Look, learn
from avgate_gateway.package import DIALECTS, Language, Rows, json_bytes
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.store import copies, evidence, tasks
from avgate_gateway.store.copies import Part as CopyPart
from avgate_gateway.store.tasks import Stage
from avgate_gateway.store.unseen import noted
from avgate_gateway.vault import Box

RECORDS = "copied records"
TABLE = "copied records as a table"
COLUMNS = "names of copied fields"
FILE = "copied file"
FILE_NAME = "name of a copied file"
_PART_BYTES = 256 * 1024  # of records
_FILE_BYTES = (
    1024 * 1024
)  # of a file, which is handed on as it is: each part takes as much code as any
_WRITE_BYTES = 1024 * 1024  # one sync for so much, and nobody else waits long for it
_QUICKLY = 1  # how hard records are pressed, which is to a tenth; more takes longer than it saves


async def copy(part: Part, person: Confidential, box: Box) -> bool:
    """Copies every record and file; raises what the connector raises, and then begins anew.

    False where it broke off, for by what it learned it will look anew, and copy all of it again.
    """
    look = Look.of(part, person, part.request.operation)
    look.left = await earlier.left(part, person.subject)
    desk = _CopyDesk(part, box)
    async with aclosing(look.records()) as records:
        async for record in records:
            if look.begins_anew(record):
                await learn(part, look, box)
                return False
            await desk.put(record)
    look.insist()
    await desk.close(look, look.lesson.sealed(box))
    return True


@dataclass(slots=True)
class _CopyDesk:
    """Gathers records by category and writes them down, sealed, before they grow large."""

    part: Part
    box: Box
    lines: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: dict[tuple[str, str], Rows] = field(default_factory=dict)
    ready: list[CopyPart] = field(default_factory=list)
    ready_bytes: int = 0
    tally: dict[str, int] = field(default_factory=dict)
    files: int = 0
    files_gone: int = 0
    is_clean: bool = False

    async def put(self, record: Record) -> None:
        key = (record.item.category.value, record.item.product.value)
        line = _line(record.data)
        self.lines.setdefault(key, []).append(line)
        self.sizes[key] = self.sizes.get(key, 0) + len(line)
        if key not in self.rows:
            self.rows[key] = Rows(DIALECTS[language(self.part.request)])
        self.rows[key].add(record.data)
        name = "/".join(key)
        self.tally[name] = self.tally.get(name, 0) + 1
        if self.sizes[key] >= _PART_BYTES:
            self._seal_records(key)
        for attachment in record.attachments:
            await self._put_file(key, attachment)
        await self._write_if_much()

    async def close(self, look: Look, learned: bytes) -> None:
        for key in list(self.lines):
            self._seal_records(key)
        await self._write(learned, look)

    def _seal_records(self, key: tuple[str, str]) -> None:
        lines = self.lines.pop(key)
        self.sizes[key] = 0
        width, rows = self.rows[key].taken()
        self._put_by(
            CopyPart(
                *key,
                len(lines),
                self.box.seal(compress(b"\n".join(lines), _QUICKLY), RECORDS),
                table_box=self.box.seal(compress(rows, _QUICKLY), TABLE),
                table_columns=width,
            )
        )

    def _put_by(self, part: CopyPart) -> None:
        self.ready.append(part)
        self.ready_bytes += len(part.box) + len(part.table_box or b"")

    async def _put_file(self, key: tuple[str, str], attachment: Attachment) -> None:
        """Copies a file; one that has expired upstream since it was listed is counted, not copied.

        So is a sound without anything in it, which nobody can hear.
        """
        self.files += 1
        name = self.box.seal(attachment.name.encode(), FILE_NAME)
        try:
            async for chunk in _chunks(attachment):
                sealed = self.box.seal(chunk, FILE)
                self._put_by(CopyPart(*key, 0, sealed, self.files, name, attachment.media_type))
                await self._write_if_much()
        except NotFoundError:
            self.files -= 1
            self.files_gone += 1

    async def _write_if_much(self) -> None:
        if self.ready_bytes >= _WRITE_BYTES:
            await self._write()

    async def _write(self, learned: bytes | None = None, look: Look | None = None) -> None:
        part, now = self.part, self.part.context.now()
        if not self.is_clean:
            await self._thin_out()
        async with part.context.database.write() as db:
            if not self.is_clean:
                await copies.forget(db, part.request.id, part.name)
                self.is_clean = True
            await copies.add(db, part.request.id, part.name, self.ready)
            if learned is not None and look is not None:
                before = await tasks.find(db, part.request.id, part.name)
                await tasks.move(
                    db, part.request.id, part.name, Stage.DONE, now,
                    quarantined=look.quarantined, tally=self.tally,
                    columns_box=self._columns_box(),
                    learned_box=learned, looked_with=part.looked_with,
                    unseen=noted(look.unseen, before.unseen), left_earlier=look.left_earlier(),
                )  # fmt: skip
                await evidence.note(
                    db, now, part.request, "task.copied",
                    {"connector": part.name, "items": self.tally, "files": self.files,
                     "files_gone": self.files_gone,
                     "set_aside": look.quarantined, "unseen": [u.part for u in look.unseen],
                     "by_name_card": bool(part.cards)},
                )  # fmt: skip
        self.ready, self.ready_bytes = [], 0

    async def _thin_out(self) -> None:
        """Drops most of what a look before left, if it may have; what is not whole any more is no copy."""
        part, database = self.part, self.part.context.database
        if part.task.columns_box:
            async with database.write() as db:
                await tasks.change(
                    db,
                    part.request.id,
                    part.name,
                    part.context.now(),
                    columns=None,
                    columns_box=None,
                )
        if part.task.attempts or part.task.columns_box:
            await copies.thin_out(database, part.request.id, part.name)

    def _columns_box(self) -> bytes:
        """The names of the fields: an upstream may key its data by what is the person's."""
        names = {"/".join(key): rows.columns for key, rows in self.rows.items()}
        return self.box.seal(orjson.dumps(names), COLUMNS)


def language(request: SubjectRequest) -> Language:
    """The language of the person's copy."""
    return "en" if request.language == "en" else "nl"


def _line(data: Mapping[str, Json]) -> bytes:
    """A record as JSON; orjson refuses integers of more than 64 bits, which others may send."""
    try:
        return orjson.dumps(data)
    except TypeError:
        return json_bytes(dict(data))


async def _chunks(attachment: Attachment) -> AsyncIterator[bytes]:
    """The bytes of a file in stretches of one size, at least one, however they arrive."""
    waiting = bytearray()
    has_some = False
    async with attachment.open() as stream:
        async for piece in stream:
            waiting += piece
            while len(waiting) >= _FILE_BYTES:
                yield bytes(waiting[:_FILE_BYTES])
                has_some = True
                del waiting[:_FILE_BYTES]
    if not (waiting or has_some) and attachment.media_type.startswith("audio/"):
        raise NotFoundError("a sound of which not a single byte came")
    if waiting or not has_some:
        yield bytes(waiting)
