"""A correction by hand: what has to become what is shown once, to whoever may, for a reason that is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope
from avgate_mocks.people import Role

from ..flow.harness import a_request
from ..flow.indoors import BY_HAND
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGES = [
    {"field": "address.city", "from": "Oosterwoude", "to": "Doesburg"},
    {"field": "address.street", "to": "Zonnebloemlaan"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    folder = tmp_path_factory.mktemp("corrections")
    async with opened(folder, ("subprocessors",), more=BY_HAND) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(pages: Pages) -> str:
    """A correction that only a person can bring about."""
    person = pages.here.person(Role.RUNNING)
    body = a_request("rectify", person, "subprocessors", changes=CHANGES)
    return await pages.here.carry_out(body, "person")


async def test_what_has_to_become_what_is_shown_once_for_a_reason(pages: Pages, asked: str) -> None:
    anna = await pages.enter("A. Bakker")
    one = f"/console/requests/{asked}"
    for path in (one, "/console/tasks"):
        page = await anna.see(path)
        assert f'action="{one}/changes"' in page, path
        assert "Doesburg" not in page
    refused = await anna.send(f"{one}/changes", 422, reason="")
    assert "Doesburg" not in refused.text
    shown = said((await anna.send(f"{one}/changes", reason="to type it in at IASO")).text)
    assert "Town Oosterwoude Doesburg" in shown
    assert "Street whatever stands there Zonnebloemlaan" in shown
    assert "Doesburg" not in await anna.see(one), "it is shown once"
    kept = await pages.here.get(f"/v1/requests/{asked}/evidence")
    [trace] = [e for e in kept["items"] if e["event"] == "changes.revealed"]
    assert trace["remark"] == "to type it in at IASO"
    assert trace["details"]["by"] == "console:A. Bakker"
    assert "Doesburg" not in str(kept)
    assert "Correction shown in full" in said(await anna.see(one))


async def test_who_may_not_handle_corrections_is_told_whom_to_ask(pages: Pages, asked: str) -> None:
    doer = await pages.enter("doer", [Scope.READ, Scope.COMPLETE_TASKS, Scope.ERASE])
    page = await doer.see("/console/tasks")
    assert "/changes" not in page
    assert "ask a colleague" in said(page)
    await doer.send(f"/console/requests/{asked}/changes", 403, reason="curious")
    stranger = await pages.enter("stranger", controller="mister-voip")
    await stranger.send(f"/console/requests/{asked}/changes", 404, reason="curious")


async def test_of_another_right_there_is_nothing_to_show(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    person = pages.here.person(Role.ENDED)
    other = await pages.here.submit(a_request("access", person, "subprocessors"))
    await anna.send(f"/console/requests/{other}/changes", 404, reason="curious")
