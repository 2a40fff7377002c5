"""Whoever did something is told that it was taken in, by a code in the address and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope
from avgate_gateway.console.taken_in import TOLD
from avgate_mocks.people import Role

from ..flow.harness import EVERYTHING, a_request
from .pages import Pages, Person, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHERE = re.compile(r"/console/(tasks|systems|sessions|requests/[0-9a-f-]{36})\?did=([a-z]+)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("taken"), ("xelion", "directory")) as made:
        yield made


async def confirmed(staff: Person, answer: httpx.Response, did: str) -> str:
    """The page that the browser is sent to, which says what was done."""
    found = WHERE.fullmatch(answer.headers["location"])
    assert found, answer.headers["location"]
    assert found[2] == did
    page = await staff.see(answer.headers["location"])
    assert statuses(page) == [TOLD[did]]
    return page


def statuses(page: str) -> list[str]:
    return [said(one) for one in _statuses(page)]


def _statuses(page: str) -> Iterator[str]:
    for found in re.finditer(r'<div role="status"[^>]*>(.*?)</div>', page, re.DOTALL):
        assert 'tabindex="-1" autofocus' in found[0]
        yield found[1]


async def test_every_decision_about_a_request_is_confirmed(pages: Pages) -> None:
    anna, maarten = await pages.enter("A. Bakker"), await pages.enter("M. Smit")
    here, person = pages.here, pages.here.person(Role.RUNNING)
    body = a_request("erase", person, "directory", identity=None)
    request_id = await here.submit(body)
    address = f"/console/requests/{request_id}"
    form = {"method": "called", "verified_by": "Karel", "verified_at": "2026-01-05T10:00"}
    await confirmed(anna, await anna.send(f"{address}/identity", 303, **form), "identity")
    shown = await here.until(request_id, "approval")
    longer = await anna.send(f"{address}/extension", 303, reason="It takes two suppliers.")
    await confirmed(anna, longer, "extended")
    seen = await anna.send(f"{address}/reveal", 200, reason="They are on the telephone.")
    assert statuses(seen.text) == [TOLD["revealed"]]
    number = f"AVG{request_id[:8]}"
    form = {"decision": "approve", "digest": shown["plan"]["digest"], "number": number}
    await confirmed(maarten, await maarten.send(f"{address}/approval", 303, **form), "approved")
    await here.until(request_id, "closed", "person")
    await confirmed(anna, await anna.send(f"{address}/retry", 303), "again")


async def test_so_is_what_ends_a_request(pages: Pages) -> None:
    anna, maarten = await pages.enter("A. Bakker"), await pages.enter("M. Smit")
    body = a_request("erase", pages.here.person(Role.TWO_UPSTREAMS), "xelion")
    for form, did in (("approval", "refused"), ("cancel", "stopped")):
        request_id = await pages.here.submit(body)
        shown = await pages.here.until(request_id, "approval")
        fields = {"reason": "No.", "decision": "reject", "digest": shown["plan"]["digest"]}
        answer = await maarten.send(f"/console/requests/{request_id}/{form}", 303, **fields)
        await confirmed(anna, answer, did)


async def test_so_is_a_request_that_is_taken_in(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    person = pages.here.person(Role.RUNNING)
    form = {"right": "access", "kind_0": "email", "value_0": person.emails[0], "key": "a-key-of-1"}
    answer = await anna.send("/console/requests", 303, **form)
    await confirmed(anna, answer, "request")
    assert person.emails[0] not in answer.headers["location"]


async def test_so_is_what_is_done_with_systems_and_sign_ins(pages: Pages) -> None:
    anna = await pages.enter("manager", [*EVERYTHING, Scope.ADMIN])
    for path, did in (
        ("systems/directory/pause", "paused"),
        ("systems/directory/resume", "resumed"),
        ("systems/check", "checked"),
        ("sessions", "ended"),
    ):
        answer = await anna.send(f"/console/{path}", 303, reason="It is slow", session="others")
        await confirmed(anna, answer, did)


async def test_a_task_that_comes_back_says_when_it_was_reported_done(pages: Pages) -> None:
    anna, here = await pages.enter("A. Bakker"), pages.here
    request_id = await here.erased(here.person(Role.RUNNING), "xelion")
    assert "reported done on" not in await anna.see("/console/tasks")
    for task in await open_tasks(pages, request_id):
        answer = await anna.send(f"/console/tasks/{task}", 303, evidence="looked")
        await confirmed(anna, answer, "task")
    await here.until(request_id, "person")
    back = await open_tasks(pages, request_id)
    assert back
    for address in ("/console/tasks", f"/console/requests/{request_id}"):
        told = said(await anna.see(address))
        assert told.count("It was reported done on") == len(back)
        assert "but the system still shows it." in told
    there = f"/console/requests/{request_id}/tasks/{back[0]}"
    await confirmed(anna, await anna.send(there, 303, evidence="looked once more"), "task")


async def open_tasks(pages: Pages, request_id: str) -> list[str]:
    listed = (await pages.here.get("/v1/tasks?state=open"))["items"]
    return [task["id"] for task in listed if task["request_id"] == request_id]


@pytest.mark.parametrize("code", ["", "nothing", "<b>x</b>", "task&did=nothing"])
async def test_an_address_that_somebody_made_up_says_nothing(pages: Pages, code: str) -> None:
    anna = await pages.enter("A. Bakker")
    page = await anna.see(f"/console/systems?did={code}")
    assert statuses(page) == []
    assert "<b>x" not in page
