"""What became of a request leads on where it can: to the request before it, to whoever opens the copy."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope
from avgate_gateway.case_number import case_number
from avgate_gateway.store import evidence, requests
from avgate_mocks.people import Role

from ..flow.harness import a_request
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SEALED = "It is sealed: only whoever has the secret key"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("came"), ("xelion", "directory")) as made:
        yield made


async def test_what_an_earlier_erasure_left_leads_to_it_by_its_case_number(pages: Pages) -> None:
    anna, person = await pages.enter("A. Bakker"), pages.here.person(Role.RUNNING)
    earlier = await pages.here.erased(person, "xelion")
    later = await pages.here.submit(a_request("access", person, "xelion"))
    await pages.here.until(later)
    page = await anna.see(f"/console/requests/{later}")
    assert f'<a href="/console/requests/{earlier}">{case_number(earlier)}</a>' in page
    assert earlier not in said(page), "a number that nobody can search by"


async def test_the_newest_of_much_that_happened_is_shown_and_that_there_is_more(
    pages: Pages,
) -> None:
    anna, here = await pages.enter("A. Bakker"), pages.here
    request_id = await here.erased(here.person(Role.RUNNING), "xelion")
    database, now = here.assembled.context.database, here.time.now()
    async with database.write(request_id) as db:
        request = await requests.find(db, request_id)
        assert request is not None
        for _ in range(200):
            await evidence.note(db, now, request, "request.retried", {"by": "portal"})
        await evidence.note(db, now, request, "letter.made", {"by": "the-last"})
    page = await anna.see(f"/console/requests/{request_id}")
    assert "the-last" in page
    assert "Only the newest 200 are shown." in said(page)


@pytest.mark.parametrize("key", [KEY, None])
async def test_a_sealed_copy_says_who_can_open_it(pages: Pages, key: str | None) -> None:
    anna, person = await pages.enter("A. Bakker"), pages.here.person(Role.RUNNING)
    body = a_request("access", person, "directory", recipient=key)
    request_id = await pages.here.submit(body)
    await pages.here.until(request_id)
    page = said(await anna.see(f"/console/requests/{request_id}"))
    assert "Download the copy" in page
    assert (SEALED in page) == (key is not None)


async def test_a_paused_system_is_not_said_to_be_tried_again(pages: Pages) -> None:
    anna, here = await pages.enter("A. Bakker"), pages.here
    await here.plant("xelion", {"fault": "error_503", "times": 1000})
    request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "xelion"))
    address = f"/console/requests/{request_id}"
    await here.settle(3)
    assert {"again at", "Try again"} <= set(_told(await anna.see(address)))
    chief = await pages.enter("C. Chief", (Scope.READ, Scope.ADMIN))
    await chief.send("/console/systems/xelion/pause", 303, reason="Its supplier works on it")
    assert _told(await anna.see(address)) == ["paused"]
    await chief.send("/console/systems/xelion/resume", 303)
    await here.plant("xelion")


async def test_a_preview_says_which_system_was_not_looked_through(pages: Pages) -> None:
    here, person = pages.here, pages.here.person(Role.SAME_NAME_FIRST)
    anna, colleague = await pages.enter("A. Bakker"), await pages.enter("B. de Vries")
    await here.plant("xelion", {"fault": "error_503", "times": 1000})
    request_id = await here.submit(a_request("erase", person, "xelion", "directory"))
    assert (await here.until(request_id))["waiting_for"] == "approval"
    address, unseen = f"/console/requests/{request_id}", "Xelion has not been looked through yet."
    assert unseen in said(await anna.see(address))
    assert unseen in said(await colleague.see(f"{address}/approval"))
    await here.plant("xelion")
    await anna.send(f"{address}/retry", 303, connector="xelion")
    await here.settle()
    assert unseen not in said(await colleague.see(f"{address}/approval"))


async def test_a_system_that_is_done_says_how_much_stays_there(pages: Pages) -> None:
    here, person = pages.here, pages.here.person(Role.SAME_NAME_SECOND)
    anna = await pages.enter("A. Bakker")
    request_id = await here.erased(person, "xelion")
    report = (await here.get(f"/v1/requests/{request_id}/report"))["totals"]
    assert report["retained"] > 1
    page = said(await anna.see(f"/console/requests/{request_id}"))
    assert f"{report['retained']} items stay." in page


def _told(html: str) -> list[str]:
    row = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [words for words in ("paused", "again at", "Try again") if words in said(row)]
