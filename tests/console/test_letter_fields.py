"""Where somebody types what the person will read, the page says so beside the field."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from avgate_mocks.people import Role

from ..flow.harness import a_request
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
READS = {
    "en": "The person reads these words in their letter. Write for them, in Dutch, and name nobody else.",
    "nl": "De betrokkene leest deze woorden in de brief. Schrijf ze voor de betrokkene, in het "
    "Nederlands, en noem niemand anders.",
}
HOW = "How it was done stands in the letter to the person; by whom does not."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("typed"), ("directory",)) as made:
        yield made


def told_at(html: str, field: str) -> str:
    """What describes a field, as a screen reader says it after the field's name."""
    element = re.search(rf'<(?:input|textarea) id="{field}"[^>]*>', html)
    assert element, f"no field {field}"
    names = re.search(r'aria-describedby="([^"]*)"', element[0])
    assert names, f"nothing describes {field}"
    found = [
        re.search(rf'id="{name}"[^>]*>(.*?)</small>', html, re.DOTALL) for name in names[1].split()
    ]
    return " ".join(said(one[1]) for one in found if one)


async def waiting(pages: Pages, **more: Any) -> str:
    body = a_request("erase", pages.here.person(Role.RUNNING), **more)
    request_id = await pages.here.submit(body)
    await pages.here.until(request_id)
    return request_id


@pytest.mark.parametrize("language", ["en", "nl"])
async def test_every_field_that_ends_in_the_letter_says_so(pages: Pages, language: str) -> None:
    request_id = await waiting(pages)
    colleague = await pages.enter("M. Smit")
    colleague.http.headers["accept-language"] = language
    page = await colleague.see(f"/console/requests/{request_id}")
    assert told_at(page, "extension-reason") == READS[language]
    assert told_at(page, "cancel-reason").startswith(READS[language])
    decision = await colleague.see(f"/console/requests/{request_id}/approval")
    assert told_at(decision, "reason").startswith(READS[language])


async def test_it_is_asked_for_in_the_language_of_the_letter(pages: Pages) -> None:
    body = a_request("erase", pages.here.person(Role.RUNNING))
    body["subject"]["language"] = "en"
    request_id = await pages.here.submit(body)
    await pages.here.until(request_id)
    page = await (await pages.enter("E. Lezer")).see(f"/console/requests/{request_id}")
    assert "in English, and name nobody else" in told_at(page, "extension-reason")


async def test_how_identity_was_established_is_told_to_be_in_the_letter(pages: Pages) -> None:
    body = a_request("access", pages.here.person(Role.RUNNING))
    del body["identity"]
    request_id = await pages.here.submit(body)
    staff = await pages.enter("E. Lezer")
    assert told_at(await staff.see(f"/console/requests/{request_id}"), "method") == HOW
    assert told_at(await staff.see("/console/requests/new"), "method") == HOW


async def test_what_was_approved_can_be_withdrawn_here_until_it_begins(pages: Pages) -> None:
    context = pages.here.assembled.context
    desk = context.desks["libervoice"]
    desks: Any = context.desks
    desks["libervoice"] = replace(desk, cooling_off=timedelta(minutes=30))
    try:
        request_id = await waiting(pages)
        digest = (await pages.here.get(f"/v1/requests/{request_id}/plan"))["digest"]
        said_yes = {"plan_digest": digest, "decision": "approve"}
        address = f"/v1/requests/{request_id}/approval"
        (await pages.here.caller("colleague").post(address, json=said_yes)).raise_for_status()
        staff = await pages.enter("E. Lezer")
        page = await staff.see(f"/console/requests/{request_id}")
        assert "Until then it can still be withdrawn." in said(page)
        assert told_at(page, "cancel-reason")
        await staff.send(f"/console/requests/{request_id}/cancel", 303, reason="U belde ons.")
        assert (await pages.here.get(f"/v1/requests/{request_id}"))["closing"] == "cancelled"
    finally:
        desks["libervoice"] = desk
