"""Whoever sent a request by OpenDSR is called at each change of its status, over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from tests.flow.harness import IDENTITY
from tests.flow.indoors import Indoors, indoors
from tests.flow.opendsr_sender import (
    DOMAIN,
    SETTINGS,
    Sender,
    a_request,
    check,
    is_signed,
    vouched_for,
)
from tests.gateway.receiver import SECRET, Came, Receiver, receiving

from avgate_gateway.opendsr.calling import CallForm
from avgate_gateway.opendsr.naming import NAMINGS, OPENGDPR, Naming
from avgate_gateway.store import deliveries
from avgate_mocks.people import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory, peer: Receiver) -> AsyncIterator[Indoors]:
    host = peer.address.removeprefix("http://")
    rules = f'callback_hosts = ["{host}"]\ncallback_secret = "{SECRET}"\n'
    folder, names = tmp_path_factory.mktemp("called"), ("subprocessors",)
    async with indoors(folder, names, more=SETTINGS, edited=vouched_for, rules=rules) as made:
        yield made


@pytest.fixture(autouse=True)
def forget(peer: Receiver) -> None:
    peer.came.clear()
    peer.answers.clear()


async def called(here: Indoors) -> None:
    """Every call that is due is made."""
    deliverer = here.assembled.deliverer
    await deliverer.sweep()
    await deliverer.idle()


async def proven(sender: Sender, came: Came) -> dict[str, Any]:
    """What a call says, as its receiver believes it: signed by the processor, and meant for here."""
    headers = sender.naming.headers.lower()
    assert came.headers[f"{headers}-processor-domain"] == DOMAIN
    check(await sender.certificate(), came.body, came.headers[f"{headers}-signature"])
    return dict(json.loads(came.body))


@pytest.mark.parametrize("naming", NAMINGS, ids=lambda one: one.name)
async def test_each_change_is_called_out_once_at_each_address(
    here: Indoors, peer: Receiver, naming: Naming
) -> None:
    sender, person = Sender(here, naming), here.person(Role.RUNNING)
    urls = [f"{peer.address}/first", f"{peer.address}/second?of=2"]
    body = a_request("access", person, here, status_callback_urls=urls)
    sender_id = await sender.sent(body)
    await called(here)
    assert peer.came == []  # the answer said that it is pending
    await here.until(await sender.request_id(sender_id))
    await called(here)
    told = [await proven(sender, came) for came in peer.came]
    assert sorted((one["status_callback_url"], one["request_status"]) for one in told) == [
        (url, status) for url in urls for status in ("completed", "in_progress")
    ]
    completed = next(one for one in told if one["request_status"] == "completed")
    asked = await sender.state(sender_id)
    assert {**asked, "status_callback_url": completed["status_callback_url"]} == completed
    assert person.emails[0] not in str([came.body for came in peer.came])


async def test_an_erasure_is_called_out_when_it_is_approved_and_when_it_is_done(
    here: Indoors, peer: Receiver
) -> None:
    sender = Sender(here)
    url = f"{peer.address}/erasure"
    body = a_request("erasure", here.person(Role.ENDED), here, status_callback_urls=[url])
    request_id = await sender.request_id(await sender.sent(body))
    await here.until(request_id)
    await called(here)
    assert peer.came == []
    assert (await here.decide(request_id)).status_code == 200
    await called(here)
    await here.until(request_id)
    await here.let_pass(days=2)
    await called(here)
    told = [await proven(sender, came) for came in peer.came]
    assert [one["request_status"] for one in told] == ["in_progress", "completed"]


async def test_a_cancellation_is_called_out_once(here: Indoors, peer: Receiver) -> None:
    sender = Sender(here)
    urls = [f"{peer.address}/cancelled"]
    sender_id = await sender.sent(
        a_request("erasure", here.person(Role.RUNNING), here, status_callback_urls=urls)
    )
    for _ in range(2):
        assert (await sender.cancel(sender_id)).status_code == 202
    await called(here)
    assert [(await proven(sender, came))["request_status"] for came in peer.came] == ["cancelled"]


async def test_a_call_that_fails_is_made_again_with_the_status_of_then(
    here: Indoors, peer: Receiver
) -> None:
    sender = Sender(here, controller="mister-voip")
    body = a_request(
        "access", here.person(Role.RUNNING), here, status_callback_urls=[f"{peer.address}/again"]
    )
    request_id = await sender.request_id(await sender.sent(body))
    peer.answers.append(503)
    answer = await sender.http.post(f"/v1/requests/{request_id}/identity", json=IDENTITY)
    assert answer.status_code == 200
    await here.settle()
    await called(here)
    await here.let_pass(hours=1)
    await called(here)
    told = [(await proven(sender, came))["request_status"] for came in peer.came]
    assert told[0] in told[1:]
    assert set(told) == {"in_progress", "completed"}


async def test_nothing_is_called_where_the_settings_allow_no_host_any_more(
    here: Indoors, peer: Receiver
) -> None:
    sender = Sender(here)
    urls = [f"{peer.address}/late"]
    sender_id = await sender.sent(
        a_request("erasure", here.person(Role.RUNNING), here, status_callback_urls=urls)
    )
    await sender.cancel(sender_id)
    form = here.assembled.deliverer._forms["opendsr"]
    assert isinstance(form, CallForm)
    controllers = form.controllers
    assert isinstance(controllers, dict)
    allowed = controllers["libervoice"]
    controllers["libervoice"] = allowed.model_copy(update={"callback_hosts": frozenset()})
    try:
        await called(here)
    finally:
        controllers["libervoice"] = allowed
    assert peer.came == []
    wanted = deliveries.Wanted(
        controller="libervoice", state="failed", endpoint=None, request_id=None, after=None, limit=5
    )
    async with here.assembled.context.database.read() as db:
        [failed] = await deliveries.listed(db, wanted)
    assert failed.kind == "opendsr"
    assert sender_id not in failed.body


async def test_a_byte_more_is_another_body(here: Indoors, peer: Receiver) -> None:
    sender = Sender(here, OPENGDPR)
    urls = [f"{peer.address}/forged"]
    body = a_request("erasure", here.person(Role.RUNNING), here, status_callback_urls=urls)
    await sender.cancel(await sender.sent(body))
    await called(here)
    [came] = peer.came
    await proven(sender, came)
    forged = Came(came.path, came.headers, came.body.replace(b"cancelled", b"completed"))
    with pytest.raises(InvalidSignature):
        await proven(sender, forged)
    pem, signature = await sender.certificate(), came.headers["x-opengdpr-signature"]
    assert is_signed(pem, came.body, signature)
    assert not is_signed(pem, forged.body, signature)
    assert not is_signed(pem, came.body, "not base64")
