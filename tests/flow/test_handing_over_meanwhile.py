"""What happens to a request between the moment its copy is to be handed over and its journey."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pyrage
import pytest
import pytest_asyncio

from avgate_gateway.courier import Courier
from avgate_gateway.handover import Sealed, Spool
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import evidence, requests
from avgate_gateway.store.copies import ChangedError
from avgate_gateway.store.handovers import Handover
from avgate_mocks.people import Role

from ..gateway import successor  # noqa: TID252 -- tests are no packages of one another
from ..gateway.pdf_text import text_of  # noqa: TID252 -- likewise
from ..gateway.successor import TOKEN, Folder  # noqa: TID252 -- likewise
from .handed import Both, ask, emptied, listed, one_minute, spooled
from .harness import JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors

pytestmark = pytest.mark.asyncio(loop_scope="module")
IDENTITY, ANOTHER = (pyrage.x25519.Identity.generate() for _ in range(2))
PLACE = ("libervoice", "next")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """A gateway with one upstream and a company that only a person can ask, and a successor."""
    folder = Folder()
    async with successor.at(folder) as url:
        more = (
            f'\n[controllers.libervoice.destinations.next]\nkind = "https"\nparts = true\nurl = "{url}/in"\n'
            f'recipient = "{IDENTITY.to_public()}"\ntoken = "{TOKEN}"\n{BY_HAND}'
        )
        home = tmp_path_factory.mktemp("meanwhile")
        async with indoors(home, ("xelion", "subprocessors"), more=more) as here:
            yield here, folder


@pytest.fixture
def here(started: Both) -> Indoors:
    return started[0]


@pytest.fixture
def folder(started: Both) -> Folder:
    return emptied(started[1])


async def left_to_a_person(here: Indoors, **more: str) -> str:
    """An export whose copy is there, but for what a person has to ask for."""
    body = a_request("export", here.person(Role.RUNNING), "xelion", "subprocessors", **more)
    return await here.carry_out(body, "person")


async def cut_off(here: Indoors, folder: Folder, request_id: str) -> JsonMap:
    """A handover whose first attempt sealed the copy, and broke off."""
    folder.cut_at = 500
    assert (await ask(here, request_id)).status_code == 202
    await here.assembled.courier.deliver_due()
    [one] = await listed(here, request_id)
    assert (one["state"], len(spooled(here))) == ("waiting", 1)
    folder.files.clear()
    return one


async def withdraw(here: Indoors, request_id: str) -> None:
    answer = await here.caller().post(f"/v1/requests/{request_id}/cancel")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("is_sealed", [False, True], ids=["at once", "sealed before"])
async def test_what_was_withdrawn_meanwhile_goes_nowhere(
    here: Indoors, folder: Folder, *, is_sealed: bool
) -> None:
    request_id = await left_to_a_person(here)
    if is_sealed:
        await cut_off(here, folder, request_id)
    assert (await ask(here, request_id)).status_code == 202
    await withdraw(here, request_id)
    await here.assembled.courier.deliver_due()
    [one] = await listed(here, request_id)
    assert (folder.files, one["state"], one["code"]) == ({}, "failed", "withdrawn")
    assert not spooled(here)


async def test_a_copy_that_is_being_made_again_waits_until_it_is_there(
    here: Indoors, folder: Folder
) -> None:
    request_id = await left_to_a_person(here)
    assert (await ask(here, request_id)).status_code == 202
    async with here.assembled.context.database.write(request_id) as db:
        request = await requests.find(db, request_id)
        assert request is not None
        await requests.set_going(db, request, here.time.now() + timedelta(days=1))
    await here.assembled.courier.deliver_due()
    [one] = await listed(here, request_id)
    assert (folder.files, one["state"], one["code"]) == ({}, "waiting", "not_ready")
    async with here.assembled.context.database.write(request_id) as db:
        await requests.wake(db, request_id, here.time.now())
    await here.until(request_id, "person")
    here.time.pushed += one_minute()
    await here.assembled.courier.deliver_due()
    assert (await listed(here, request_id))[0]["state"] == "delivered"


@pytest.mark.parametrize("has_arrived", [True, False], ids=["delivered", "sealed"])
async def test_what_a_system_shows_only_later_is_handed_over_too(
    here: Indoors, folder: Folder, *, has_arrived: bool
) -> None:
    await here.plant("xelion", {"fault": "html_200", "times": 100_000})
    request_id = await left_to_a_person(here)
    if has_arrived:
        await ask(here, request_id)
        await here.assembled.courier.deliver_due()
        folder.files.clear()
    else:
        await cut_off(here, folder, request_id)
    await here.plant("xelion")
    assert (await here.caller().post(f"/v1/requests/{request_id}/retry")).status_code == 200
    await here.until(request_id, "person")
    await ask(here, request_id)
    letter = await here.caller().get(f"/v1/requests/{request_id}/letter")
    assert ("• next: op" in text_of(letter.content)) == has_arrived
    await here.assembled.courier.deliver_due()
    [content] = folder.files.values()
    names = zipfile.ZipFile(io.BytesIO(pyrage.decrypt(content, [IDENTITY]))).namelist()
    assert any(name.startswith("xelion/") for name in names), names
    assert (await ask(here, request_id)).json()["state"] == "delivered"
    assert len(await listed(here, request_id)) == (2 if has_arrived else 1)


class Overtaken(Spool):
    """Its copy is made anew, or let go, while it is sealed."""

    async def seal(
        self,
        handover_id: str,
        recipient: str,
        copy: AsyncIterator[bytes],
        moved: Callable[[], None],
    ) -> Sealed:
        async def cut_short() -> AsyncIterator[bytes]:
            async for chunk in copy:
                yield chunk
            raise ChangedError

        return await Spool.seal(self, handover_id, recipient, cut_short(), moved)


async def test_a_copy_that_changes_while_it_is_sealed_is_no_fault_and_waits(
    here: Indoors, folder: Folder
) -> None:
    request_id = await left_to_a_person(here)
    assert (await ask(here, request_id)).status_code == 202
    mine = here.assembled.courier
    await replace(mine, spool=Overtaken(mine.spool.folder), _under_way={}).deliver_due()
    [one] = await listed(here, request_id)
    assert (folder.files, one["state"], one["code"]) == ({}, "waiting", "not_ready")
    await ask(here, request_id)
    await mine.deliver_due()
    assert (await listed(here, request_id))[0]["state"] == "delivered"


class CopiedBefore(Courier):
    """A system is copied after the last look at a copy, and before it is written down as sealed."""

    async def _write(
        self, one: Handover, mine: str, request: SubjectRequest | None, event: str,
        details: Mapping[str, object], **values: object,
    ) -> None:  # fmt: skip
        if event == "handover.sealed" and request is not None:
            async with self.context.database.write() as db:
                told = {"connector": "xelion"}
                await evidence.note(db, self.context.now(), request, "task.copied", told)
        await Courier._write(self, one, mine, request, event, details, **values)


async def test_a_copy_that_changes_just_before_it_is_called_sealed_is_handed_over_anew(
    here: Indoors, folder: Folder
) -> None:
    request_id = await left_to_a_person(here)
    await ask(here, request_id)
    own = here.assembled.courier
    late = CopiedBefore(
        own.context, own.installed, own.destinations, own.spool, own.runtime, own.way_to
    )
    await late.deliver_due()
    assert [one["state"] for one in await listed(here, request_id)] == ["delivered"]
    assert (await ask(here, request_id)).json()["state"] == "waiting", "what came since is missing"
    folder.files.clear()
    await own.deliver_due()
    assert (await ask(here, request_id)).json()["state"] == "delivered"
    assert len(folder.files) == 1


async def test_a_copy_for_one_recipient_is_not_sealed_for_who_stands_in_the_config_by_now(
    here: Indoors, folder: Folder
) -> None:
    request_id = await left_to_a_person(here, recipient=str(IDENTITY.to_public()))
    assert (await ask(here, request_id)).status_code == 202
    await changed(here).deliver_due()
    [one] = await listed(here, request_id)
    assert (folder.files, one["state"], one["code"]) == ({}, "waiting", "recipient")


async def test_a_copy_that_was_sealed_for_a_key_that_was_corrected_is_sealed_for_the_other(
    here: Indoors, folder: Folder
) -> None:
    request_id = await left_to_a_person(here)
    before = await cut_off(here, folder, request_id)
    here.time.pushed += one_minute()
    await changed(here).deliver_due()
    [one] = await listed(here, request_id)
    [content] = folder.files.values()
    assert pyrage.decrypt(content, [ANOTHER]).startswith(b"PK")
    assert (one["state"], one["sha256"] != before["sha256"]) == ("delivered", True)
    assert not spooled(here)


def changed(here: Indoors) -> Courier:
    """The courier after a restart with another key of the successor's in the config."""
    courier = here.assembled.courier
    own = courier.destinations[PLACE]
    other = own.model_copy(update={"recipient": str(ANOTHER.to_public())})
    return replace(courier, destinations={PLACE: other}, _under_way={})
