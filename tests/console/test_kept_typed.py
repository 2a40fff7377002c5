"""What is refused on the page of a request is told there, and what else was typed still stands."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from avgate_gateway.console.formats import minute_of
from avgate_mocks.people import Role

from ..flow.harness import a_request
from .lobby import a_request_form
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
BSN = "BSN 111222333"
NOT_KEPT = "This looks like a citizen service number (BSN). Leave it out: it may not be kept."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("kept"), ("directory",)) as made:
        yield made


async def unidentified(pages: Pages) -> str:
    body = a_request("access", pages.here.person(Role.RUNNING), identity=None)
    return f"/console/requests/{await pages.here.submit(body)}"


async def test_identity_that_is_yet_to_be_established_is_told_and_stays_typed(pages: Pages) -> None:
    anna, address = await pages.enter("A. Bakker"), await unidentified(pages)
    later = minute_of(pages.here.time.now() + timedelta(days=2))
    form = {"method": "called back", "verified_by": "Karel", "verified_at": later}
    page = (await anna.send(f"{address}/identity", 422, **form)).text
    assert "This lies in the future." in said(page)
    assert [typed for typed in form.values() if f'value="{typed}"' not in page] == []
    assert "<title>Mistake:" in page
    assert 'role="alert" class="notice bad" tabindex="-1" autofocus' in page


async def test_a_number_that_may_not_be_kept_is_told_at_its_form(pages: Pages) -> None:
    anna, address = await pages.enter("A. Bakker"), await unidentified(pages)
    for form in ("extension", "cancel", "reveal"):
        page = (await anna.send(f"{address}/{form}", 422, reason=BSN)).text
        assert NOT_KEPT in said(page), form
        assert page.count(BSN) == 1, f"what was typed into {form} is lost"
        assert "<details open>" in page, f"{form} is closed"


async def test_so_is_the_reason_of_a_refusal(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    request_id = await pages.here.submit(a_request("erase", pages.here.person(Role.RUNNING)))
    await pages.here.until(request_id)
    address = f"/console/requests/{request_id}/approval"
    page = (await anna.send(address, 422, decision="reject", reason=BSN, number="AVG-1")).text
    assert f'id="reason-wrong">{NOT_KEPT}' in page
    assert f">{BSN}</textarea>" in page
    assert 'value="AVG-1"' in page


async def test_the_second_person_sees_whom_it_is_about_and_how_that_was_established(
    pages: Pages,
) -> None:
    anna = await pages.enter("A. Bakker")
    body = a_request("erase", pages.here.person(Role.RUNNING), note="Only the old number")
    request_id = await pages.here.submit(body)
    await pages.here.until(request_id)
    page = said(await anna.see(f"/console/requests/{request_id}/approval"))
    assert "•••" in page
    assert f"Identity established: {body['identity']['method']}" in page
    assert "Note: Only the old number" in page


async def test_all_that_is_wrong_with_a_new_request_is_told_at_once(pages: Pages) -> None:
    """What is looked at last, such as the clock, is told beside what is looked at first."""
    anna = await pages.enter("A. Bakker")
    now = pages.here.time.now()
    later = minute_of(now + timedelta(days=2))
    form = a_request_form(
        right="rectify", kind_0="phone", value_0="12", since_0="2026-02-01", until_0="2026-01-01",
        verified_at=later, method="", asked_on=later[:10], recipient="age1",
    )  # fmt: skip
    page = (await anna.send("/console/requests", 422, **form)).text
    wrong = set(re.findall(r'<li><a href="#(\w+)">', page))
    assert wrong == {"value_0", "until_0", "verified_at", "method", "asked_on", "recipient"}
    told = said(page)
    assert "Fill in what has to be corrected." in told
    assert "Only a copy can be sealed" in told
    assert told.count("This lies in the future.") == 4  # twice in the list, and at each field


async def test_the_same_mistake_is_told_once(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    page = await anna.send("/console/requests", 422, **a_request_form(right="rectify"))
    assert said(page.text).count("Fill in what has to be corrected.") == 1
