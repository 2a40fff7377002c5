"""A copy to a successor, over the real app: once, whole, sealed, and with proof of it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest
import pytest_asyncio

from avgate_gateway.courier import Courier
from avgate_gateway.handover import Receipt, Sealed, Spool, Way
from avgate_mocks.people import Role

from ..gateway import successor  # noqa: TID252 -- tests are no packages of one another
from ..gateway.pdf_text import text_of  # noqa: TID252 -- likewise
from ..gateway.successor import TOKEN, Folder  # noqa: TID252 -- likewise
from .handed import Both, ask, emptied, listed, one_minute, spooled
from .harness import JsonMap, a_request
from .indoors import Indoors, indoors

pytestmark = pytest.mark.asyncio(loop_scope="module")
IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
OTHER = str(pyrage.x25519.Identity.generate().to_public())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """A gateway with one upstream, and a successor who takes files."""
    folder = Folder()
    async with successor.at(folder) as url:
        more = (
            '\n[controllers.libervoice.destinations.next]\ntitle = "Next Telecom"\nkind = "https"\nparts = true\n'
            f'url = "{url}/in"\nrecipient = "{KEY}"\ntoken = "{TOKEN}"\n'
        )
        home = tmp_path_factory.mktemp("handing-over")
        async with indoors(home, ("xelion",), more=more) as here:
            yield here, folder


@pytest.fixture
def here(started: Both) -> Indoors:
    return started[0]


@pytest.fixture
def folder(started: Both) -> Folder:
    return emptied(started[1])


async def exported(here: Indoors, operation: str = "export", **more: str) -> str:
    person = here.person(Role.RUNNING)
    return await here.carry_out(a_request(operation, person, "xelion", **more), "closed")


async def test_a_copy_arrives_whole_and_for_the_successors_eyes_alone(
    here: Indoors, folder: Folder
) -> None:
    request_id = await exported(here)
    answer = await ask(here, request_id)
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    await here.assembled.courier.deliver_due()
    [one] = await listed(here, request_id)
    [(name, content)] = folder.files.items()
    assert (one["state"], one["attempts"], one["next_attempt_at"]) == ("delivered", 1, None)
    assert (one["receipt"]["name"], one["receipt"]["answer"]) == (name, '"abc"')
    assert (one["size"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    package = zipfile.ZipFile(io.BytesIO(pyrage.decrypt(content, [IDENTITY])))
    assert package.testzip() is None
    assert "manifest.json" in package.namelist()
    assert not spooled(here)
    events = await here.events(request_id)
    asked, sealed, delivered = (f"handover.{e}" for e in ("asked", "sealed", "delivered"))
    assert [event for event in events if event.startswith("handover")] == [
        asked, sealed, delivered,
    ]  # fmt: skip
    letter = await here.caller().get(f"/v1/requests/{request_id}/letter")
    assert "Next Telecom: op" in text_of(letter.content)
    again = await ask(here, request_id)
    assert again.json()["id"] == one["id"]
    await here.assembled.courier.deliver_due()
    assert len(folder.files) == 1


async def test_what_fails_is_tried_again_with_the_same_file_and_goes_on_where_it_stopped(
    here: Indoors, folder: Folder
) -> None:
    folder.cut_at = 500
    request_id = await exported(here)
    await ask(here, request_id)
    await here.assembled.courier.deliver_due()
    [one] = await listed(here, request_id)
    assert (one["state"], one["attempts"]) == ("waiting", 1)
    assert one["code"] in {"outcome_unknown", "unavailable"}
    [file] = spooled(here)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(b"age-encryption.org/v1")
    await here.assembled.courier.deliver_due()
    assert (await listed(here, request_id))[0]["attempts"] == 1, "it is not due yet"
    here.time.pushed += one_minute()
    await here.assembled.courier.deliver_due()
    [after] = await listed(here, request_id)
    assert (after["state"], after["sha256"]) == ("delivered", one["sha256"])
    assert "PUT 500" in folder.calls
    assert hashlib.sha256(*folder.files.values()).hexdigest() == one["sha256"]


async def sealed_here(here: Indoors, folder: Folder, place: Path) -> tuple[str, Courier, JsonMap]:
    """A copy whose delivery was cut off, another machine that shares no folder, and what is told."""
    folder.cut_at = 500
    request_id = await exported(here)
    await ask(here, request_id)
    other = replace(here.assembled.courier, spool=Spool(place / "elsewhere"), _under_way={})
    await here.assembled.courier.deliver_due()
    [sealed] = await listed(here, request_id)
    return request_id, other, sealed


async def test_a_machine_with_another_folder_leaves_a_sealed_copy_to_who_sealed_it(
    here: Indoors, folder: Folder, tmp_path: Path
) -> None:
    request_id, other, sealed = await sealed_here(here, folder, tmp_path)
    here.time.pushed += one_minute()
    await other.deliver_due()
    await other.tidy()
    [waits] = await listed(here, request_id)
    assert (waits["attempts"], waits["code"]) == (1, sealed["code"]), "its machine has time"

    here.time.pushed += 6 * one_minute()
    await other.deliver_due()
    await other.tidy()
    [told] = await listed(here, request_id)
    assert (told["state"], told["attempts"], told["code"]) == ("waiting", 1, "elsewhere")
    assert "share handover_folder" in told["reason"]
    assert not (tmp_path / "elsewhere").exists()

    await here.assembled.courier.deliver_due()
    [after] = await listed(here, request_id)
    assert (after["state"], after["sha256"], after["code"]) == (
        "delivered", sealed["sha256"], None,
    )  # fmt: skip


async def test_what_its_machine_does_not_come_back_to_is_sealed_anew_by_another(
    here: Indoors, folder: Folder, tmp_path: Path
) -> None:
    request_id, other, sealed = await sealed_here(here, folder, tmp_path)
    for _ in range(2):  # asking again in between does not put that off
        here.time.pushed += timedelta(hours=4)
        await ask(here, request_id)
    await other.deliver_due()
    [after] = await listed(here, request_id)
    assert after["state"] == "delivered"
    assert after["sha256"] != sealed["sha256"]
    await here.assembled.courier.tidy()
    assert not spooled(here), "the first one's file goes too"


async def test_machines_that_share_a_folder_go_on_with_the_same_copy(
    here: Indoors, folder: Folder
) -> None:
    folder.cut_at = 500
    request_id = await exported(here)
    await ask(here, request_id)
    mine = here.assembled.courier
    await mine.deliver_due()
    [sealed] = await listed(here, request_id)
    here.time.pushed += one_minute()
    await replace(mine, spool=Spool(mine.spool.folder), _under_way={}).deliver_due()
    [after] = await listed(here, request_id)
    assert (after["state"], after["sha256"]) == ("delivered", sealed["sha256"])


async def test_two_processes_deliver_it_once(here: Indoors, folder: Folder) -> None:
    request_id = await exported(here)
    await ask(here, request_id)
    mine = here.assembled.courier
    other = replace(mine, _under_way={})
    await asyncio.gather(mine.deliver_due(), other.deliver_due())
    assert [call for call in folder.calls if call.startswith("PUT")] == ["PUT 0"]
    assert (await listed(here, request_id))[0]["attempts"] == 1


async def test_whoever_dies_on_the_way_is_replaced_when_the_claim_has_lapsed(
    here: Indoors, folder: Folder
) -> None:
    class Endless(Way):
        async def deliver(self, sealed: Sealed, name: str) -> Receipt:  # noqa: ARG002 -- the protocol's
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError("nothing wakes it")

    begun = asyncio.Event()
    request_id = await exported(here)
    await ask(here, request_id)
    mine = here.assembled.courier
    dying = asyncio.create_task(
        replace(mine, _under_way={}, way_to=lambda *_: Endless()).deliver_due()
    )
    await begun.wait()
    await mine.deliver_due()
    assert (await listed(here, request_id))[0]["state"] == "delivering"
    digest = (await listed(here, request_id))[0]["sha256"]
    dying.cancel()
    here.time.pushed += one_minute() * 2
    await mine.deliver_due()
    [one] = await listed(here, request_id)
    assert (one["state"], one["attempts"], one["sha256"]) == ("delivered", 2, digest)


async def test_it_is_given_up_after_days_and_may_be_asked_for_anew(
    here: Indoors, folder: Folder
) -> None:
    request_id = await exported(here)
    await ask(here, request_id)
    mine = here.assembled.courier
    away = replace(mine, destinations={})
    [one] = await listed(here, request_id)
    for _ in range(40):
        await away.deliver_due()
        [one] = await listed(here, request_id)
        if one["state"] != "waiting":
            break
        here.time.pushed += one_minute() * 361
    assert (one["state"], one["code"]) == ("failed", "unknown_destination")
    assert 20 < one["attempts"] < 40
    anew = await ask(here, request_id)
    assert anew.json()["id"] != one["id"]
    await mine.deliver_due()
    assert [each["state"] for each in await listed(here, request_id)] == ["failed", "delivered"]


async def test_what_waits_goes_with_the_persons_data(here: Indoors, folder: Folder) -> None:
    folder.cut_at = 500
    request_id = await exported(here)
    await ask(here, request_id)
    await here.assembled.courier.deliver_due()
    assert spooled(here)
    await here.let_pass(days=31)
    [one] = await listed(here, request_id)
    assert (one["state"], one["code"]) == ("failed", "gone")
    await here.assembled.courier.tidy()
    assert not spooled(here)
    assert (await ask(here, request_id)).status_code == 410


async def test_what_had_arrived_when_the_data_was_destroyed_is_said_to_have_arrived(
    here: Indoors, folder: Folder
) -> None:
    request_id = await exported(here)
    await ask(here, request_id)
    courier = here.assembled.courier

    class Late:
        """A way whose answer comes when the key is gone."""

        def __init__(self, way: Way) -> None:
            self.way = way

        async def deliver(self, sealed: Sealed, name: str) -> Receipt:
            receipt = await self.way.deliver(sealed, name)
            await here.let_pass(days=31)
            return receipt

    late = replace(courier, way_to=lambda *given: Late(courier.way_to(*given)), _under_way={})
    await late.deliver_due()
    [one] = await listed(here, request_id)
    assert (one["state"], one["code"]) == ("delivered", None)
    assert one["receipt"]["name"] in folder.files
    assert "handover.delivered" in await here.events(request_id)
    assert not spooled(here)


@pytest.mark.parametrize(
    ("operation", "more", "to", "status"),
    [
        ("export", {}, "nowhere", 422),
        ("access", {}, "next", 404),
        ("export", {"recipient": OTHER}, "next", 409),
        ("export", {"recipient": KEY}, "next", 202),
    ],
    ids=["destination", "operation", "sealed for somebody else", "sealed for the successor"],
)
async def test_only_a_copy_that_may_go_there_goes_there(
    here: Indoors, operation: str, more: dict[str, str], to: str, status: int
) -> None:
    request_id = await exported(here, operation, **more)
    assert (await ask(here, request_id, to)).status_code == status
