"""An upstream that hands out somebody else's record is not believed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from avgate_contracts import (
    Connector,
    ConnectorSettings,
    DataSubject,
    Identifier,
    IdentifierKind,
    ItemOutcome,
    ItemRef,
    Manifest,
    Record,
    SupportsAccess,
    SupportsConfirm,
    SupportsErase,
)
from avgate_directory import DirectoryConnector
from avgate_mocks.people import Person, Role

from .harness import a_request
from .indoors import Indoors, indoors


@dataclass
class Astray(Connector, SupportsAccess, SupportsErase, SupportsConfirm):
    """A connector that shows a stranger's records among those of whoever is asked about."""

    manifest: ClassVar[Manifest] = DirectoryConnector.manifest
    settings_type: ClassVar[type[ConnectorSettings]] = DirectoryConnector.settings_type
    inner: DirectoryConnector
    stranger: DataSubject

    async def check(self) -> None:
        await self.inner.check()

    async def access(self, subject: DataSubject) -> AsyncIterator[Record]:
        for whom in (self.stranger, subject):
            async for record in self.inner.access(whom):
                yield record

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
        return await self.inner.erase(items, key=key)

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> Sequence[ItemOutcome]:
        return await self.inner.confirm(job, items)

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        return await self.inner.still_held(items)


def lead_astray(here: Indoors, stranger: Person) -> None:
    connectors = here.assembled.context.desks["libervoice"].connectors
    inner = connectors["directory"]
    assert isinstance(inner, DirectoryConnector)
    assert isinstance(connectors, dict)
    phones = [
        Identifier.of(IdentifierKind.PHONE, line.number, line.held.start, line.held.end)
        for line in stranger.lines
    ]
    connectors["directory"] = Astray(inner, DataSubject("a stranger", tuple(phones)))


async def test_a_strangers_record_is_set_aside_and_said_to_be(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person, stranger = here.person(Role.RUNNING), here.person(Role.SAME_NAME_FIRST)
        theirs = await here.holds("directory", stranger)
        lead_astray(here, stranger)
        request_id = await here.carry_out(a_request("access", person))
        lines = {line["outcome"]: line["count"] for line in await here.report(request_id)}
        own = await here.holds("directory", person)
        assert lines == {
            "quarantined": theirs["directory_listing"],
            "provided": own["directory_listing"],
        }
        answer = await here.caller().get(f"/v1/requests/{request_id}/package")
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        texts = b"".join(archive.read(name) for name in archive.namelist())
        assert person.lines[0].number.encode() in texts
        assert stranger.lines[0].number.encode() not in texts
        assert stranger.address.full.encode() not in texts


async def test_a_strangers_record_is_not_erased(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person, stranger = here.person(Role.RUNNING), here.person(Role.SAME_NAME_FIRST)
        theirs = await here.holds("directory", stranger)
        lead_astray(here, stranger)
        await here.erased(person, "directory")
        assert await here.holds("directory", stranger) == theirs
        assert {effect["subject"] for effect in await here.effects("directory")} == {person.id}
