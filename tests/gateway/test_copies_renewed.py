"""A copy that is made anew, or destroyed, while it is handed out: half of each is no copy."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.begun import begun
from avgate_gateway.flow.copying import FILE, FILE_NAME
from avgate_gateway.packing import packed
from avgate_gateway.problem import NOT_READY, ProblemError
from avgate_gateway.store import copies, requests, tasks
from avgate_gateway.store.copies import ChangedError, Part
from avgate_gateway.store.tasks import Stage
from avgate_gateway.vault import SUBJECT_KEY, Box

from .office import MAIL, PHONE, Office, opened

MEGABYTE = 1024 * 1024
PARTS = [random.Random(n).randbytes(MEGABYTE) for n in range(12)]  # noqa: S311 -- no secret


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        office = made
        office.make("crm", "card", 3)
        await office.submit(Operation.ACCESS, "portal", (PHONE, MAIL), known=True)
        await office.sweep(None)
        await put_file(office)
        yield office


async def box_of(office: Office) -> Box:
    sealed = (await office.see(office.ids[0])).sealed
    return office.context.vault.box(sealed.subject_key, office.ids[0], SUBJECT_KEY)


async def put_file(office: Office) -> None:
    """A recording of twelve parts, as the look through an upstream leaves it."""
    box = await box_of(office)
    name = box.seal(b"recording.wav", FILE_NAME)
    parts = [
        Part("recording", "voice", 0, box.seal(part, FILE), 1, name, "audio/wav") for part in PARTS
    ]
    async with office.db.write() as db:
        await copies.add(db, office.ids[0], "crm", parts)


async def renew(office: Office) -> None:
    async with office.db.write() as db:
        await copies.forget(db, office.ids[0], "crm")
    await put_file(office)


async def destroy(office: Office) -> None:
    async with office.db.write() as db:
        await copies.forget(db, office.ids[0])


async def package(office: Office) -> AsyncGenerator[bytes, None]:
    request = (await office.see(office.ids[0])).request
    async for piece in packed(office.context, {}, request, await box_of(office)):
        yield piece


async def test_what_nobody_changes_is_handed_out_whole(office: Office) -> None:
    whole = b"".join([piece async for piece in package(office)])
    archive = zipfile.ZipFile(io.BytesIO(whole))
    [name] = [name for name in archive.namelist() if name.endswith(".wav")]
    assert archive.read(name) == b"".join(PARTS)


@pytest.mark.parametrize("change", [renew, destroy])
@pytest.mark.parametrize("after", [0, 3 * MEGABYTE])
async def test_what_is_changed_meanwhile_passes_for_no_copy(
    office: Office, change: Callable[[Office], Awaitable[None]], after: int
) -> None:
    sent = bytearray()

    async def send() -> None:
        is_changed = False
        async for piece in package(office):
            sent.extend(piece)
            if len(sent) > after and not is_changed:
                await change(office)
                is_changed = True

    with pytest.raises(ChangedError):
        await send()
    assert not zipfile.is_zipfile(io.BytesIO(sent))


async def test_where_nothing_was_sent_yet_it_is_to_be_asked_for_again(office: Office) -> None:
    async def changed() -> AsyncGenerator[bytes, None]:
        is_changed = False
        async for piece in package(office):
            if not is_changed:
                await renew(office)
                is_changed = True
            yield piece[:1000]  # so that all of it is held back

    with pytest.raises(ProblemError) as refused:
        await begun(changed())
    assert refused.value.problem.type is NOT_READY


async def put_much(office: Office) -> None:
    """Four hundred parts, beside what is there."""
    box = await box_of(office)
    part = Part("recording", "voice", 0, box.seal(b"some", FILE), 2, None, "audio/wav")
    async with office.db.write() as db:
        await copies.add(db, office.ids[0], "crm", [part] * 400)


async def test_a_large_copy_is_destroyed_in_several_transactions(office: Office) -> None:
    await put_much(office)
    office.now += timedelta(days=31)
    before = office.db.writes
    await office.sweep(None)
    seen = await office.see(office.ids[0])
    assert (seen.has_copy, seen.sealed.subject_key) == (False, None)
    assert office.db.writes - before >= 1 + 400 / 8


async def test_so_it_is_where_a_try_before_left_it(office: Office) -> None:
    await put_much(office)
    [request_id] = office.ids
    async with office.db.write() as db:
        await tasks.move(db, request_id, "crm", Stage.LOCATE, office.now)
        await requests.wake(db, request_id, office.now)
    before = office.db.writes
    await office.go(request_id)
    assert office.db.writes - before >= 2 + 400 / 8
    async with office.db.read() as db:
        assert [(one.parts, one.count) for one in await copies.shelves(db, request_id)] == [(1, 3)]


async def test_what_a_broken_off_look_left_of_a_copy_is_in_no_package(office: Office) -> None:
    await put_much(office)
    [request_id] = office.ids
    async with office.db.write() as db:
        had = sum(one.parts for one in await copies.shelves(db, request_id))
        await tasks.move(db, request_id, "crm", Stage.LOCATE, office.now)
        await requests.wake(db, request_id, office.now)
    await office.sweep(3)
    async with office.db.write() as db:  # and it is not tried again by itself
        await tasks.move(db, request_id, "crm", Stage.STUCK, office.now, resume=Stage.LOCATE.value)
    async with office.db.read() as db:
        left = sum(one.parts for one in await copies.shelves(db, request_id))
    assert 0 < left < had
    whole = b"".join([piece async for piece in package(office)])
    names = zipfile.ZipFile(io.BytesIO(whole)).namelist()
    assert not [name for name in names if name.startswith("crm/")]
