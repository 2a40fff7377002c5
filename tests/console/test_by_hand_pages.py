"""Work by hand and what is stuck, on pages: only what may, kept as it was typed, written down each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope
from avgate_gateway.console.handwork import sought
from avgate_mocks.people import Role

from ..flow.harness import a_request
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
TASKS = "/console/tasks"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("hand"), ("xelion", "directory")) as made:
        await made.here.erased(made.here.person(Role.RUNNING), "xelion")
        yield made


async def tasks(pages: Pages) -> list[dict[str, str]]:
    return list((await pages.here.get("/v1/tasks?state=open"))["items"])


async def test_a_task_is_done_by_whoever_says_what_shows_it(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    first, second = await tasks(pages)
    page = await anna.see(TASKS)
    assert first["items"][0]["ref"] in page  # type: ignore[index] # a list of items
    assert "Erase this in Xelion by hand" in said(page)
    wrong = await anna.send(f"{TASKS}/{first['id']}", 422, evidence="", completed_by="Bea")
    assert "Fill this in." in wrong.text
    assert 'value="Bea"' in wrong.text, "what was typed is lost"
    there = f"/console/requests/{second['request_id']}/tasks/{second['id']}"
    wrong = await anna.send(there, 422, evidence="BSN 111222333")
    assert "BSN 111222333" in wrong.text
    assert len(await tasks(pages)) == 2
    await anna.send(f"{TASKS}/{first['id']}", 303, evidence="ticket 17", completed_by="Bea")
    await anna.send(there, 303, evidence="ticket 18")
    again = await anna.send(f"{TASKS}/{first['id']}", 409, evidence="another", completed_by="Bea")
    assert "It was completed before." in again.text
    assert (await pages.here.events(first["request_id"])).count("hand_task.completed") == 2
    done = said(await anna.see(f"{TASKS}?state=completed"))
    assert "ticket 17" in done
    assert "Bea" in done


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("recording:10013000000::", "recording:10013000000::"),
        ('["crm", "c-17", [["email", "a@example.nl"]]]', "crm · c-17"),
        ('["only", ["lists"]]', "only"),
        ('[["email", "a@example.nl"]]', '[["email", "a@example.nl"]]'),
        ("17", "17"),
        ("{", "{"),
    ],
)
async def test_a_reference_is_told_as_it_is_looked_for(ref: str, told: str) -> None:
    assert sought(ref) == told


async def test_who_may_not_sees_no_names_and_completes_nothing(pages: Pages) -> None:
    await pages.here.settle()
    await pages.here.erased(pages.here.person(Role.TWO_UPSTREAMS), "xelion")
    [task, *_] = await tasks(pages)
    reader = await pages.enter("reader", [Scope.READ])
    page = await reader.see(TASKS)
    assert task["items"][0]["ref"] not in page  # type: ignore[index] # as above
    assert "<textarea" not in page
    await reader.send(f"{TASKS}/{task['id']}", 403, evidence="x")
    doer = await pages.enter("doer", [Scope.COMPLETE_TASKS])
    await doer.see(TASKS, 403)
    stranger = await pages.enter("stranger", controller="mister-voip")
    await stranger.send(f"{TASKS}/{task['id']}", 404, evidence="x")
    assert task["id"] not in await stranger.see(TASKS)


async def test_what_has_to_stay_is_said_with_a_ground_and_a_day_which_may_become_another(
    pages: Pages,
) -> None:
    await pages.here.settle()
    request_id = await pages.here.erased(pages.here.person(Role.ENDED), "xelion")
    [task, *_] = [one for one in await tasks(pages) if one["request_id"] == request_id]
    anna = await pages.enter("A. Bakker")
    there = f"{TASKS}/{task['id']}"
    day = pages.here.assembled.context.now().date()
    first, second = (day + timedelta(days=n) for n in (30, 60))
    word = {"evidence": "a claim, case 17", "completed_by": "Bea"}
    for ground, until in (("legal_claim", ""), ("", f"{first}"), ("legal_claim", "2001-01-01")):
        wrong = await anna.send(there, 422, **word, ground=ground, until=until)
        assert 'class="wrong"' in wrong.text
        assert f'value="{until}"' in wrong.text, "what was typed is lost"
    await anna.send(there, 303, **word, ground="legal_claim", until=f"{first}")
    done = await anna.see(f"{TASKS}?state=completed")
    assert "stays for now" in said(done)
    assert "a legal claim" in said(done)
    assert f'value="{first}"' in done
    await anna.send(there, 422, evidence="", ground="disputes", until=f"{second}")
    await anna.send(there, 303, evidence="it lasts", ground="disputes", until=f"{second}")
    assert f'value="{second}"' in await anna.see(f"{TASKS}?state=completed")
    kept = [one for one in await pages.here.report(request_id) if one["until"] == f"{second}"]
    assert [(one["ground"], one["reason"]) for one in kept] == [("disputes", "kept_by_person")]


async def test_what_is_stuck_is_tried_again_together_and_each_is_written_down(pages: Pages) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    await here.plant("directory", {"fault": "html_200", "times": 10_000})
    stuck = [
        await here.submit(a_request("access", here.person(role), "directory"))
        for role in (Role.RUNNING, Role.ENDED)
    ]
    for request_id in stuck:
        await here.until(request_id, "person")
    await here.plant("directory")
    pile = await anna.see("/console?pile=failed&system=directory")
    assert all(f'name="request" value="{one}"' in pile for one in stuck)
    assert "/console/requests/" not in said(await anna.see("/console?pile=failed&system=xelion"))
    reader = await pages.enter("reader", [Scope.READ])
    assert 'name="request"' not in await reader.see("/console?pile=failed")
    refused = await reader.send("/console/retry", 303, request=stuck)
    assert "again=0" in refused.headers["location"]
    await anna.send("/console/retry", 422, request=[str(n) for n in range(101)])
    done = await anna.send("/console/retry", 303, request=[*stuck, "nothing"])
    assert "again=2&not_again=1" in done.headers["location"]
    for request_id in stuck:
        assert (await here.events(request_id)).count("request.retried") == 1
        assert (await here.until(request_id, "closed"))["state"] == "closed"


async def test_a_filter_is_kept_in_a_cookie_and_a_pile_is_printed(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    await anna.send("/console/filter", 303, pile="closed", right="erase", system="xelion")
    assert anna.http.cookies["avgate_queue"] == "closed:erase:xelion"
    assert "Begin with everything again" in await anna.see("/console")
    assert "Closed" in said(await anna.see("/console/print")).split("·")[0]
    await anna.send("/console/filter", 303, forget="yes")
    assert "avgate_queue" not in anna.http.cookies
    anna.http.cookies.set("avgate_queue", "x:<b>:y", path="/console")
    assert "<b>" not in await anna.see("/console")
