"""Messages to other systems on pages: what did not arrive and why, noticed, and sent again by those who may."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope
from avgate_gateway.case_number import case_number
from avgate_gateway.console.delivery_labels import ATTEMPTS, became
from avgate_gateway.store import deliveries
from avgate_gateway.store.deliveries import Attempt, DeliveryState
from avgate_gateway.webhooks import delivering
from avgate_mocks.people import Role

from ..flow.harness import a_request
from ..flow.webhooks.outward import send
from ..gateway.receiver import SECRET, Receiver, receiving
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = "/console/deliveries"
ADMIN = (Scope.READ, Scope.ADMIN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crm() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory, crm: Receiver) -> AsyncIterator[Pages]:
    more = crm.endpoint() + crm.endpoint("closings", events='["request.closed"]')
    async with opened(tmp_path_factory.mktemp("sent"), ("directory",), more=more) as made:
        yield made


async def a_failure(pages: Pages) -> tuple[str, str]:
    """A request of which the first message was given up, as after four days, and that message's id."""
    here = pages.here
    await send(here)
    request_id = await here.submit(a_request("restrict", here.person(Role.RUNNING)))
    now = here.time.now()
    async with here.assembled.context.database.write() as db:
        [one] = await deliveries.claim(db, ("libervoice", "crm"), now, 1)
        said = Attempt(one.id, one.attempts, now, 400, "answered", 12)
        await deliveries.finish(db, one, said, DeliveryState.FAILED, None)
    assert one.request_id == request_id
    return request_id, one.id


async def test_what_did_not_arrive_is_noticed_explained_and_sent_again(pages: Pages) -> None:
    reader, chief = await pages.enter("reader", [Scope.READ]), await pages.enter("chief", ADMIN)
    assert "did not arrive" not in said(await reader.see("/console"))
    request_id, failed = await a_failure(pages)
    for path in ("/console", "/console/systems"):
        assert "did not arrive" in said(await reader.see(path)), path
    mine = said(await reader.see(f"{PAGE}?state=failed&request={request_id}"))
    assert f"Only what was told of {case_number(request_id)}." in mine
    assert "the receiver did not take it (HTTP 400" in mine
    assert "a request was received" in mine
    for word in (SECRET, *(one.value for one in pages.here.person(Role.RUNNING).identifiers())):
        assert word not in await chief.see(PAGE)
    assert "/replay" not in await reader.see(PAGE)
    await reader.send(f"{PAGE}/{failed}/replay", 403)
    assert f"{failed}/replay" in await chief.see(f"{PAGE}?state=failed")
    await chief.send(f"{PAGE}/{failed}/replay", 303)
    await send(pages.here)
    there = await chief.see(f"{PAGE}?request={request_id}&state=delivered")
    assert "it arrived (HTTP 204" in said(there)
    assert f"{failed}/replay" not in there, "what arrived is not sent again"
    assert "webhook.replayed" in await pages.here.events(request_id)


async def test_a_receiver_that_is_stopped_says_why_and_is_sent_to_again(
    pages: Pages, crm: Receiver
) -> None:
    chief, reader = await pages.enter("chief", ADMIN), await pages.enter("reader", [Scope.READ])
    _, failed = await a_failure(pages)
    await send(pages.here)
    crm.answers += [410]
    await chief.send(f"{PAGE}/test", 303, receiver="crm")
    await send(pages.here)
    page = await reader.see(PAGE)
    assert "The receiver said that it wants no more messages." in said(page)
    assert "/enable" not in page
    refused = await chief.send(f"{PAGE}/test", 409, receiver="crm")
    assert "enable that first" in said(refused.text)
    assert f"{failed}/replay" not in await chief.see(f"{PAGE}?state=failed")
    await reader.send(f"{PAGE}/enable", 403, receiver="crm")
    await chief.send(f"{PAGE}/enable", 303, receiver="crm")
    await send(pages.here)
    assert "in order" in said(await chief.see(PAGE))
    assert (await pages.here.get("/v1/webhooks/deliveries?state=held"))["items"] == []


async def test_what_waits_is_sent_at_once_and_pages_follow_each_other(
    pages: Pages, crm: Receiver
) -> None:
    here, chief = pages.here, await pages.enter("chief", ADMIN)
    for _ in range(30):
        await here.submit(a_request("object", here.person(Role.RUNNING)))
    crm.answers += [503] * 200
    await send(here)
    crm.answers.clear()
    first = await chief.see(f"{PAGE}?state=waiting")
    assert "the receiver was too busy" in said(first)
    seen = re.findall(r"deliveries/([0-9a-f-]{36})/replay", first)
    onward = re.search(r'href="([^"]+)" rel="next"', first)
    assert onward is not None
    rest = await chief.see(onward[1].replace("&amp;", "&"))
    more = re.findall(r"deliveries/([0-9a-f-]{36})/replay", rest)
    assert len(seen) == 25
    assert more
    assert not set(seen) & set(more)
    await chief.send(f"{PAGE}/{seen[0]}/replay", 303)
    await send(here)
    shown = await here.get("/v1/webhooks/deliveries?state=delivered&limit=200")
    assert seen[0] in [one["id"] for one in shown["items"]]


async def test_nobody_sees_or_sends_anothers(pages: Pages) -> None:
    _, failed = await a_failure(pages)
    stranger = await pages.enter("stranger", ADMIN, controller="mister-voip")
    assert failed not in await stranger.see(PAGE)
    assert "did not arrive" not in said(await stranger.see("/console"))
    await stranger.send(f"{PAGE}/{failed}/replay", 404)
    await stranger.send(f"{PAGE}/enable", 404, receiver="crm")
    odd = await stranger.see(f"{PAGE}?state=x&request=%3Cb%3E&receiver=%3Cb%3E&after=")
    assert "<b>" not in odd


async def test_every_way_an_attempt_can_end_has_words() -> None:
    assert set(delivering.WORDS) - {"answered"} <= ATTEMPTS.keys()
    at = datetime(2026, 1, 5, tzinfo=UTC)
    for status in (*range(200, 600), None):
        assert became(Attempt("d", 1, at, status, "unreachable", 5)) in ATTEMPTS
    assert became(Attempt("d", 1, at, 204, "answered", 5)) == "arrived"
