"""Which request of ours a sender's id stands for, and what of that is kept for how long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from tests.flow.harness import JsonMap
from tests.flow.opendsr_sender import DOMAIN, ID, Sender, a_request, identity

from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import opendsr, requests
from avgate_gateway.store.schema import idempotency
from avgate_gateway.store.schema import request as request_table
from avgate_mocks.people import Role

from .answers import errors

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
