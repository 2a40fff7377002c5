"""What a person erased by hand while a plan waited is not told to be as it was, however the request ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from avgate_mocks.people import Role

from ..gateway.pdf_text import text_of  # noqa: TID252 -- tests are no packages of one another
from .harness import a_request
from .indoors import Indoors, indoors
from .test_by_hand import complete, open_tasks

_NOTHING = "Nothing of your data was changed"


@asynccontextmanager
async def done_in_one_system(
    folder: Path, operation: str = "erase"
) -> AsyncIterator[tuple[Indoors, str]]:
    """A request whose part at the directory got stuck and was done by hand; the other's plan waits."""
    async with indoors(folder, ("directory", "subprocessors")) as here:
        await here.plant("directory", {"fault": "html_200", "times": 100_000})
        request_id = await here.submit(a_request(operation, here.person(Role.RUNNING)))
        await here.until(request_id)
        [task] = await open_tasks(here, request_id)
        assert await complete(here, task, "taken out of the directory by phone") == 200
        await here.settle()
        yield here, request_id


async def letter(here: Indoors, request_id: str) -> str:
    answer = await here.caller().get(f"/v1/requests/{request_id}/letter?language=en")
    assert answer.status_code == 200, answer.text
    return text_of(answer.content)


async def test_it_is_not_withdrawn_as_if_nothing_had_been_done(tmp_path: Path) -> None:
    async with done_in_one_system(tmp_path) as (here, request_id):
        answer = await here.caller().post(f"/v1/requests/{request_id}/cancel", json={})
        assert answer.status_code == 409, "it was, in part"
        assert _NOTHING not in await letter(here, request_id)


async def test_whoever_refuses_its_plan_refuses_the_rest(tmp_path: Path) -> None:
    async with done_in_one_system(tmp_path) as (here, request_id):
        assert (await here.decide(request_id, "reject")).status_code == 200
        assert (await here.until(request_id))["state"] == "closed"
        told = {(line["connector"], line["outcome"]) for line in await here.report(request_id)}
        assert told == {("directory", "done_by_hand"), ("subprocessors", "refused")}
        assert _NOTHING not in await letter(here, request_id)
        assert await here.effects("subprocessors") == []


async def test_a_copy_that_somebody_made_by_hand_changed_nothing(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory", "subprocessors")) as here:
        await here.plant("directory", {"fault": "html_200", "times": 100_000})
        await here.plant("subprocessors", {"fault": "html_200", "times": 100_000})
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING)))
        await here.until(request_id, "person")
        task, *_ = await open_tasks(here, request_id)
        assert await complete(here, task, "printed and sent") == 200
        answer = await here.caller().post(f"/v1/requests/{request_id}/cancel", json={})
        assert answer.status_code == 200, answer.text
        assert _NOTHING in await letter(here, request_id)
