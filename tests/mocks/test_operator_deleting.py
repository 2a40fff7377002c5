"""What the mock of Operator lets go, when, and only once."""

from __future__ import annotations

import json
from datetime import datetime

import httpx
import pytest

from avgate_mocks.operator.billing import months_after
from avgate_mocks.people import LIBERVOICE, Role

from .operator_bench import (
    PARTY,
    PRODUCT,
    USAGE,
    Bench,
    token_of,
)


async def test_a_person_with_an_active_product_cannot_be_deleted(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    answer = await bench.libervoice.delete(f"{PARTY}/{await bench.party_id(person)}")
    assert (answer.status_code, answer.json()["code"]) == (409, "hasActiveProducts")
    assert await bench.effects() == []


async def test_an_active_product_cannot_be_deleted_until_it_is_terminated(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    url = f"{PRODUCT}/{(await bench.products(person))[0]['id']}"
    refused = await bench.libervoice.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "productActive")
    end = {"status": "terminated", "terminationDate": "2026-03-31T00:00:00Z"}
    await bench.libervoice.patch(url, json=end)
    assert (await bench.libervoice.delete(url)).status_code == 204


async def test_a_billed_call_cannot_be_deleted_until_its_bill_is_beyond_dispute(
    bench: Bench,
) -> None:
    person = bench.role(Role.RUNNING)
    latest = (await bench.usages(person, status="billed"))[-1]
    refused = await bench.libervoice.delete(f"{USAGE}/{latest['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "usageBilled")
    until = months_after(datetime.fromisoformat(latest["usageDate"]), 6)
    assert until.strftime("%Y-%m-%dT%H:%M:%SZ") in refused.json()["message"]
    await bench.control("/_clock", {"now": until.isoformat()})
    token = await token_of(bench.anyone, bench.world, LIBERVOICE)
    answer = await bench.libervoice.delete(
        f"{USAGE}/{latest['id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 204


async def test_a_call_under_dispute_stays_whatever_its_age(bench: Bench) -> None:
    person = bench.world.people[10]
    caller = bench.callers[person.controller]
    statuses = [
        (await caller.delete(f"{USAGE}/{usage['id']}")).json()["code"]
        for usage in await bench.usages(person, status="billed")
        if "isUnderDispute" in json.dumps(usage)
    ]
    assert set(statuses) == {"usageUnderDispute"}


async def test_an_unbilled_call_is_deleted_once(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    before = await bench.holds(person)
    url = f"{USAGE}/{(await bench.usages(person, status='rated'))[0]['id']}"
    assert [(await bench.libervoice.delete(url)).status_code for _ in range(2)] == [204, 404]
    after = await bench.holds(person)
    assert after["communication_metadata"] == before["communication_metadata"] - 1
    assert [effect["kind"] for effect in await bench.effects()] == ["delete"]


async def test_a_deletion_whose_answer_was_lost_is_answered_when_it_comes_again(
    bench: Bench,
) -> None:
    url = f"{USAGE}/{(await bench.usages(bench.role(Role.RUNNING), status='rated'))[0]['id']}"
    await bench.control("/_faults", {"rules": [{"fault": "answer_lost", "method": "DELETE"}]})
    key = {"Idempotency-Key": "k1"}
    with pytest.raises(httpx.RemoteProtocolError):
        await bench.libervoice.delete(url, headers=key)
    assert (await bench.libervoice.delete(url, headers=key)).status_code == 204
    assert len(await bench.effects()) == 1


async def test_a_key_with_another_body_is_refused(bench: Bench) -> None:
    url = f"{PARTY}/{await bench.party_id(bench.role(Role.RUNNING))}"
    statuses = [
        (
            await bench.libervoice.patch(
                url, json={"givenName": name}, headers={"Idempotency-Key": "k"}
            )
        )
        for name in ("Anna", "Hanna")
    ]
    assert [answer.status_code for answer in statuses] == [200, 400]


async def test_a_voicemail_is_downloaded_and_gone_with_its_usage(bench: Bench) -> None:
    (usage, *_) = await bench.usages(bench.role(Role.RUNNING), usageType="voicemail")
    audio = next(c["value"] for c in usage["usageCharacteristic"] if c["name"] == "audio")
    sound = await bench.libervoice.get(audio["href"])
    assert len(sound.content) == audio["sizeBytes"]
    assert sound.content[:4] == b"RIFF"
    assert int.from_bytes(sound.content[4:8], "little") == audio["sizeBytes"] - 8
    await bench.libervoice.delete(f"{USAGE}/{usage['id']}")
    assert (await bench.libervoice.get(audio["href"])).status_code == 404


async def test_a_person_whose_services_ended_can_be_erased_to_the_last_item(bench: Bench) -> None:
    person = bench.role(Role.ENDED)
    caller = bench.libervoice
    party = await bench.party_id(person)
    addresses = [
        *(f"{USAGE}/{usage['id']}" for usage in await bench.usages(person)),
        *(f"{PRODUCT}/{product['id']}" for product in await bench.products(person)),
        f"{PARTY}/{party}",
    ]
    assert await bench.holds(person)
    assert {(await caller.delete(address)).status_code for address in addresses} == {204}
    assert await bench.holds(person) == {}
    assert {effect["subject"] for effect in await bench.effects()} == {person.id}


async def test_a_deletion_is_answered_with_the_media_type_and_nothing_else(bench: Bench) -> None:
    new = {"givenName": "Ada", "familyName": "Proef"}
    made = (await bench.libervoice.post(PARTY, json=new)).json()
    hub = {"callback": "http://127.0.0.1:9/told"}
    listener = (await bench.libervoice.post("/party/v4/hub", json=hub)).json()
    (usage,) = (await bench.libervoice.get(USAGE, params={"status": "rated", "limit": 1})).json()
    paths = (f"{PARTY}/{made['id']}", f"/party/v4/hub/{listener['id']}", f"{USAGE}/{usage['id']}")
    for path in paths:
        answer = await bench.libervoice.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
