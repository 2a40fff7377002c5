"""Requests that others send on by OpenDSR: every gate that other requests have, in its own words."""

from __future__ import annotations

import asyncio
import io
import zipfile
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from avgate_gateway.api.application import application
from avgate_gateway.opendsr.naming import NAMINGS, OPENGDPR, Naming
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import opendsr, requests
from avgate_gateway.store.schema import copy_part, idempotency
from avgate_gateway.store.schema import request as request_table
from avgate_mocks.people import Role

from .harness import IDENTITY, JsonMap
from .indoors import Indoors, indoors
from .opendsr_sender import DOMAIN, ID, SETTINGS, Sender, a_request, identity, numbers, vouched_for

pytestmark = pytest.mark.asyncio(loop_scope="module")
_NAMES = ("directory", "subprocessors")
_BSN = "123456782"  # the example of the government's own documentation


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    folder = tmp_path_factory.mktemp("opendsr")
    async with indoors(folder, _NAMES, more=SETTINGS, edited=vouched_for) as made:
        yield made


@pytest.fixture
def sender(here: Indoors) -> Sender:
    return Sender(here)


def errors(answer: httpx.Response, code: int = 400) -> list[JsonMap]:
    """What an error names, in the protocol's shape and with its status."""
    assert answer.status_code == code, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert set(told) == {"error"}
    assert told["error"]["code"] == code
    return list(told["error"]["errors"])


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
    assert {one["system"] for one in results["results"]} == set(_NAMES)
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


async def test_the_same_again_is_the_same_request_and_the_same_bytes(sender: Sender) -> None:
    body = a_request("portability", sender.here.person(Role.RUNNING), sender.here)
    answers = await asyncio.gather(*(sender.send(body) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len([one for one in answers if "idempotent-replayed" not in one.headers]) == 1
    request_id = await sender.request_id(body["subject_request_id"])
    await sender.here.until(request_id)
    late = await Sender(sender.here, client="colleague").send(body)
    assert late.content == answers[0].content
    assert await sender.request_id(body["subject_request_id"]) == request_id


@pytest.mark.parametrize(
    "changed",
    [
        {"subject_request_type": "erasure"},
        {"subject_identities": [identity("email", "other@voorbeeld.example")]},
        {"submitted_time": "2026-01-05T10:00:00Z"},
    ],
)
async def test_an_id_stands_for_one_request_alone(sender: Sender, changed: JsonMap) -> None:
    body = a_request("access", sender.here.person(Role.RUNNING), sender.here)
    sender_id = await sender.sent(body)
    request_id = await sender.request_id(sender_id)
    refused = await sender.send({**body, **changed})
    assert [one["reason"] for one in errors(refused)] == ["duplicate-request"]
    assert await sender.request_id(sender_id) == request_id


async def test_anothers_id_is_not_there_and_may_be_used(sender: Sender) -> None:
    stranger = Sender(sender.here, controller="mister-voip")
    body = a_request("access", sender.here.person(Role.RUNNING), sender.here)
    sender_id = await sender.sent(body)
    for part in ("", "/results", "/package"):
        theirs, nothing = (
            await stranger.get(sender_id, part),
            await stranger.get(str(uuid4()), part),
        )
        assert (theirs.status_code, theirs.content) == (nothing.status_code, nothing.content)
        assert errors(theirs, 404)
    assert errors(await stranger.cancel(sender_id), 404)
    assert await stranger.sent(body) == sender_id
    assert (await stranger.told(await stranger.cancel(sender_id), 202))["controller_id"] != ID
    assert await sender.status(sender_id) == "pending"


async def test_a_controller_id_has_to_be_one_of_the_tokens_controller(sender: Sender) -> None:
    here = sender.here
    for own in (ID, "libervoice", None):
        body = a_request("access", here.person(Role.RUNNING), here, controller_id=own)
        assert (await sender.send(body)).status_code == 201
    told = [
        (
            await sender.send(
                a_request("access", here.person(Role.RUNNING), here, controller_id=other)
            )
        )
        for other in ("mister-voip", "nobody")
    ]
    assert errors(told[0], 403) == errors(told[1], 403)


WRONG: dict[str, tuple[JsonMap, str]] = {
    "no regulation": ({"regulation": None}, "#/regulation"),
    "another regulation": ({"regulation": "lgpd"}, "#/regulation"),
    "an id in capitals": ({"subject_request_id": str(uuid4()).upper()}, "#/subject_request_id"),
    "an id of version 1": (
        {"subject_request_id": "c232ab00-9414-11ec-b3c8-9f6bdeced846"}, "#/subject_request_id",
    ),
    "a rectification": ({"subject_request_type": "rectification"}, "#/subject_request_type"),
    "nobody": ({"subject_identities": None}, "#/subject_identities"),
    "a device": (
        {"subject_identities": [identity("ios_vendor_id", "geheim")]},
        "#/subject_identities/0/identity_type",
    ),
    "a digest": (
        {"subject_identities": [identity("email", "geheim", "sha256")]},
        "#/subject_identities/0/identity_format",
    ),
    "no address": ({"subject_identities": [identity("email", "geheim")]}, "#/subject_identities/0"),
    "no customer": (
        {"subject_identities": [identity("controller_customer_id", "geheim *")]},
        "#/subject_identities/0",
    ),
    "no zone": ({"submitted_time": "2026-01-05T10:00:00"}, "#/submitted_time"),
    "the future": ({"submitted_time": "2999-01-05T10:00:00Z"}, "#/submitted_time"),
    "a host that nobody allowed": (
        {"status_callback_urls": ["https://geheim.example/x"]}, "#/status_callback_urls/0",
    ),
    "a citizen service number": (
        {"extensions": {DOMAIN: {"identities": [identity("name_address", f"Jansen {_BSN}")]}}},
        f"#/extensions/{DOMAIN}/identities/0",
    ),
    "more than our extension has": (
        {"extensions": {DOMAIN: {"scope": "geheim"}}}, f"#/extensions/{DOMAIN}",
    ),
    "too many": (
        {"subject_identities": [identity("email", f"a{n}@b.example") for n in range(51)]},
        "#/subject_identities",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "where"), WRONG.values(), ids=list(WRONG))
async def test_what_cannot_be_accepted_is_named_and_not_repeated(
    sender: Sender, changed: JsonMap, where: str
) -> None:
    person = sender.here.person(Role.RUNNING)
    answer = await sender.send(a_request("access", person, sender.here, **changed))
    assert [one["reason"] for one in errors(answer)] == [where]
    assert "geheim" not in answer.text
    assert _BSN not in answer.text
    assert person.customer_id not in answer.text


@pytest.mark.parametrize("form", ["sha1", "md5", "sha256"])
async def test_a_digest_is_refused_as_discovery_says_and_told_what_to_send(
    sender: Sender, form: str
) -> None:
    prefix = sender.naming.prefix
    told = (await sender.http.get(f"{prefix}/discovery")).json()
    assert {one["identity_format"] for one in told["supported_identities"]} == {"raw"}
    person = sender.here.person(Role.RUNNING)
    both = [
        identity("controller_customer_id", person.customer_id),
        identity("email", "0" * 40, form),
    ]
    answer = await sender.send(a_request("erasure", person, sender.here, subject_identities=both))
    [error] = errors(answer)
    assert error["reason"] == "#/subject_identities/1/identity_format"
    assert "send the value itself, as raw" in error["message"]


async def test_what_the_guard_refuses_is_told_in_the_same_words(sender: Sender) -> None:
    at = sender.naming.collection
    assert errors(
        await sender.http.post(at, content=b"{", headers={"content-type": "application/json"})
    )
    assert errors(await sender.http.post(at, content=b"<x/>", headers={"content-type": "text/xml"}))
    assert errors(await sender.http.post(at, json={"x": "x" * 70_000}), 413)
    assert errors(await sender.http.get(at), 405)
    answer = await sender.http.get(f"{at}/{uuid4()}", headers={"authorization": "Bearer x.y.z"})
    assert errors(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_what_nobody_here_knows_changes_nothing(sender: Sender) -> None:
    body = a_request("erasure", sender.here.person(Role.RUNNING), sender.here)
    columns = {column.name: "x" for column in request_table.c}
    more = {"group_id": "7", "extensions": {"other.example": {"identities": "of their own"}}}
    plain = await recorded(sender, await sender.sent(body))
    odd = {**columns, **body, **more, "subject_request_id": str(uuid4())}
    found = await recorded(sender, await sender.sent(odd))
    assert plain == replace(
        found, id=plain.id, received_at=plain.received_at, wake_at=plain.wake_at,
        identity=plain.identity,
    )  # fmt: skip


async def test_our_extension_takes_numbers_with_their_days(sender: Sender) -> None:
    days = {"valid_from": "2020-01-01", "valid_until": "2021-01-01"}
    named = [identity("phone", "085 021 2345", **days)]
    body = a_request(
        "access", sender.here.person(Role.RUNNING), sender.here,
        subject_identities=None, extensions={DOMAIN: {"identities": named}},
    )  # fmt: skip
    sender_id = await sender.sent(body)
    found = await recorded(sender, sender_id)
    assert found.identifier_kinds == ("phone",)


@pytest.mark.parametrize(("days", "counted"), [(10, 10), (31, 31), (32, 0)])
async def test_the_days_are_counted_from_when_the_data_subject_asked(
    sender: Sender, days: int, counted: int
) -> None:
    # Both requests come on one day in Amsterdam, though time passes between them.
    time, local = sender.here.time, sender.here.time.now().astimezone(ZoneInfo("Europe/Amsterdam"))
    time.pushed += timedelta(hours=(36 - local.hour) % 24)
    now = time.now()
    submitted = (now - timedelta(days=days) + timedelta(minutes=1)).isoformat()
    person = sender.here.person(Role.RUNNING)
    sender_id = await sender.sent(
        a_request("erasure", person, sender.here, submitted_time=submitted)
    )
    promised = (await recorded(sender, sender_id)).promised
    today = (
        await recorded(sender, await sender.sent(a_request("access", person, sender.here)))
    ).promised
    assert today - promised == timedelta(days=counted)
    assert (
        date.fromisoformat((await sender.state(sender_id))["expected_completion_time"][:10])
        == promised
    )


async def recorded(sender: Sender, sender_id: str) -> SubjectRequest:
    request_id = await sender.request_id(sender_id)
    async with sender.here.assembled.context.database.read() as db:
        found = await requests.find(db, request_id)
    assert found is not None
    return found


async def test_who_sent_what_is_sealed_and_goes_with_the_key(sender: Sender) -> None:
    here, person = sender.here, sender.here.person(Role.RUNNING)
    body = a_request("access", person, here)
    sender_id = await sender.sent(body)
    request_id = await sender.request_id(sender_id)
    await here.until(request_id)
    database = here.assembled.context.database
    async with database.read() as db:
        known = await opendsr.of_request(db, request_id)
        assert (await db.execute(idempotency.select())).all() == []
    assert known is not None
    assert known.box is not None
    kept = repr([getattr(known, name) for name in type(known).__slots__])
    assert sender_id not in kept
    assert person.emails[0] not in kept
    await here.let_pass(days=31)
    async with database.read() as db:
        after = await opendsr.of_request(db, request_id)
    assert after is not None
    assert after.box is None
    assert (await sender.state(sender_id))["request_status"] == "completed"
    assert errors(await sender.get(sender_id, "/results"), 410)
    assert (await sender.send(body)).status_code == 201  # and nothing is done anew
    assert await sender.request_id(sender_id) == request_id


async def test_results_are_those_of_a_copy_that_is_there(sender: Sender) -> None:
    here = sender.here
    erasure = await sender.sent(a_request("erasure", here.person(Role.RUNNING), here))
    access = await sender.sent(a_request("access", here.person(Role.RUNNING), here))
    for part in ("/results", "/package"):
        assert errors(await sender.get(erasure, part), 404)
        assert errors(await sender.get(access, part))


async def test_nobody_may_send_where_it_is_not_set_up(here: Indoors) -> None:
    gateway = replace(here.assembled.gateway, opendsr=None)
    app = application(gateway, here.assembled.verifier, here.assembled.limits)
    headers = here.caller().headers
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, headers=headers, base_url="http://gateway.test"
    ) as http:
        for path in ("/opendsr/discovery", "/opengdpr/certificate.pem"):
            assert errors(await http.get(path), 404)
        body: Any = a_request("access", here.person(Role.RUNNING), here)
        assert errors(await http.post("/opendsr/requests", json=body), 404)
