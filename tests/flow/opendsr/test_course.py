"""Requests that others send on by OpenDSR: every gate that other requests have, in its own words."""

from __future__ import annotations

import io
import zipfile
from base64 import b64decode

import pytest
from tests.flow.harness import IDENTITY
from tests.flow.indoors import Indoors
from tests.flow.opendsr_sender import DOMAIN, ID, Sender, a_request, numbers

from avgate_gateway.opendsr.naming import NAMINGS, OPENGDPR, Naming
from avgate_gateway.store.schema import copy_part
from avgate_mocks.people import Role

from .answers import errors
from .conftest import NAMES

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("naming", NAMINGS, ids=lambda one: one.name)
async def test_an_access_is_pending_in_progress_completed(here: Indoors, naming: Naming) -> None:
    sender, person = Sender(here, naming), here.person(Role.RUNNING)
    regulation = None if naming is OPENGDPR else "gdpr"
    more = {"regulation": regulation, "extensions": numbers(person)}
    body = a_request("access", person, here, **more)
    answer = await sender.send(body)
    receipt = await sender.told(answer, 201)
    assert b64decode(receipt["encoded_request"]) == answer.request.content
    assert receipt["controller_id"] == ID
    assert await sender.status(body["subject_request_id"]) == "pending"
    request_id = await sender.request_id(body["subject_request_id"])
    await here.until(request_id)
    told = await sender.state(body["subject_request_id"])
    assert (told["request_status"], told["api_version"]) == ("completed", naming.api_version)
    assert told["extensions"][DOMAIN]["outcomes"]["provided"] == told["results_count"]
    address = told["results_url"].removeprefix("https://gateway.test")
    results = (await sender.http.get(address)).json()
    assert len(results["results"]) == told["results_count"] > 0
    assert {one["system"] for one in results["results"]} == set(NAMES)
    package = await sender.http.get(results["package_url"].removeprefix("https://gateway.test"))
    assert zipfile.ZipFile(io.BytesIO(package.content)).testzip() is None
    assert package.content[:2] == b"PK"


async def test_a_copy_that_does_not_open_is_said_to_be_unreadable_and_no_half_of_it_sent(
    here: Indoors, sender: Sender
) -> None:
    person = here.person(Role.RUNNING)
    sender_id = await sender.sent(a_request("access", person, here, extensions=numbers(person)))
    request_id = await sender.request_id(sender_id)
    await here.until(request_id)
    own = copy_part.c.request_id == request_id
    async with here.assembled.context.database.write() as db:
        await db.execute(copy_part.update().where(own).values(box=b"altered"))
    for part in ("/results", "/package"):
        answer = await sender.get(sender_id, part)
        assert answer.status_code == 503, part
        assert "cannot be opened" in answer.text, part


async def test_without_the_setting_a_senders_word_is_no_identity(here: Indoors) -> None:
    stranger = Sender(here, controller="mister-voip")
    body = a_request("access", here.person(Role.RUNNING), here)
    before = len(here.calls)
    sender_id = await stranger.sent(body)
    await here.let_pass(days=1)
    assert await stranger.status(sender_id) == "pending"
    assert len(here.calls) == before
    request_id = await stranger.request_id(sender_id)
    url = f"/v1/requests/{request_id}"
    assert (await stranger.http.get(url)).json()["waiting_for"] == "identity"
    assert (await stranger.http.post(f"{url}/identity", json=IDENTITY)).status_code == 200
    await here.settle()
    assert len(here.calls) > before
    assert await stranger.status(sender_id) != "pending"


async def test_an_erasure_still_needs_its_plan_and_a_second_person(sender: Sender) -> None:
    here, person = sender.here, sender.here.person(Role.ENDED)
    sender_id = await sender.sent(a_request("erasure", person, here))
    request_id = await sender.request_id(sender_id)
    assert (await here.until(request_id))["waiting_for"] == "approval"
    assert (await here.request(request_id))["identity"]["method"] == "opendsr"
    assert await sender.status(sender_id) == "pending"
    held = await here.holds("subprocessors", person)
    assert (await here.decide(request_id, client="portal")).status_code == 403
    await here.let_pass(hours=1)
    assert await here.holds("subprocessors", person) == held
    assert (await here.decide(request_id)).status_code == 200
    assert await sender.status(sender_id) == "in_progress"
    refused = await sender.cancel(sender_id)
    assert [one["reason"] for one in errors(refused)] == ["wrong-state"]
    await here.until(request_id, "closed", "person")
    told = await sender.state(sender_id)
    assert told["request_status"] == "completed"
    assert told["results_count"] == told["extensions"][DOMAIN]["outcomes"]["erased"] > 0
    assert "results_url" not in told
    assert (await sender.cancel(sender_id)).status_code == 400
    assert not await here.holds("subprocessors", person)


async def test_what_has_not_begun_can_be_cancelled_as_often_as_one_likes(sender: Sender) -> None:
    here = sender.here
    sender_id = await sender.sent(a_request("erasure", here.person(Role.RUNNING), here))
    request_id = await sender.request_id(sender_id)
    await here.until(request_id)
    for _ in range(2):
        told = await sender.told(await sender.cancel(sender_id), 202)
        assert told["subject_request_id"] == sender_id
        assert await sender.status(sender_id) == "cancelled"
    assert (await here.events(request_id)).count("request.cancelled") == 1


async def test_a_copy_that_is_being_made_is_not_cancelled(sender: Sender) -> None:
    here = sender.here
    await here.plant("directory", {"fault": "error_503", "times": 10_000})
    try:
        person = here.person(Role.RUNNING)
        body = a_request("access", person, here, extensions=numbers(person))
        sender_id = await sender.sent(body)
        await here.settle()
        answer = await sender.get(sender_id)
        assert (await sender.told(answer))["request_status"] == "in_progress"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert [one["reason"] for one in errors(await sender.cancel(sender_id))] == ["wrong-state"]
        assert errors(await sender.get(sender_id, "/results"))
    finally:
        await here.plant("directory")
    await here.let_pass(days=1)
    assert "retry-after" not in (await sender.get(sender_id)).headers
    assert await sender.status(sender_id) == "completed"


async def test_a_refused_plan_is_told_as_cancelled_for_it_was_not_done(sender: Sender) -> None:
    here = sender.here
    sender_id = await sender.sent(a_request("erasure", here.person(Role.RUNNING), here))
    request_id = await sender.request_id(sender_id)
    await here.until(request_id)
    assert (await here.decide(request_id, "reject")).status_code == 200
    assert await sender.status(sender_id) == "cancelled"
    assert (await sender.cancel(sender_id)).status_code == 400


async def test_results_are_those_of_a_copy_that_is_there(sender: Sender) -> None:
    here = sender.here
    erasure = await sender.sent(a_request("erasure", here.person(Role.RUNNING), here))
    access = await sender.sent(a_request("access", here.person(Role.RUNNING), here))
    for part in ("/results", "/package"):
        assert errors(await sender.get(erasure, part), 404)
        assert errors(await sender.get(access, part))
