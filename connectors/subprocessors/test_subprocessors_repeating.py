"""One intention is one request at a processor, however often it is sent and whatever is lost."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest

import avgate_contracts as sdk

from .stage import CALLBACK, is_pending, jobs, keys, stage


async def test_the_same_intention_is_one_request_however_often_it_comes() -> None:
    async with stage() as at:
        items = await at.items()
        first, again, other = [await at.erase(items, key) for key in ("a", "a", "b")]
        assert first == again
        assert first != other
        ids = {json.loads(r.content)["subject_request_id"] for r in at.posts()[2:]}
        assert all(UUID(i).version == 4 and i == i.lower() for i in ids)


async def test_an_address_to_call_is_sent_along_and_changes_nothing_else() -> None:
    async with stage() as at:
        items = await at.items()
        at.network.asked.clear()
        told = await at.connector.erase_and_call_back(items, key="key-1", callback_url=CALLBACK)
        assert [o.outcome for o in told] == await at.erase(items)
        called, plain = at.posts()[:2], at.posts()[2:]
        bodies = [json.loads(request.content) for request in called]
        assert [body.pop("status_callback_urls") for body in bodies] == [[CALLBACK]] * 2
        assert bodies == [json.loads(request.content) for request in plain]
        assert [keys(r) for r in called] == [keys(r) for r in plain]
        await at.sleep(2)
        assert sorted(await at.kinds()) == ["erase", "erase", "order", "order"]


async def test_a_repeat_with_another_address_to_call_is_the_same_request() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        for address in (CALLBACK, f"{CALLBACK}-2"):
            told = await at.connector.erase_and_call_back(items, key="a", callback_url=address)
            assert all(is_pending(one.outcome) for one in told)
        assert await at.kinds() == ["order"]


async def test_an_erasure_whose_answer_was_lost_takes_effect_once() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        lost = {"fault": "error_after", "method": "POST", "path_contains": "perfectview"}
        await at.tell("/_faults", {"rules": [lost]})
        assert all(is_pending(outcome) for outcome in await at.erase(items))
        await at.sleep(2)
        assert await at.kinds() == ["order", "erase"]


async def test_a_lost_answer_with_no_tries_left_leaves_the_outcome_unknown() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        lost = {"fault": "error_after", "method": "POST", "times": 9}
        await at.tell("/_faults", {"rules": [lost]})
        assert {type(outcome) for outcome in await at.erase(items)} == {sdk.Unknown}


async def test_a_repeat_is_the_same_to_the_last_byte_however_late_it_comes() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        at.network.asked.clear()
        for _ in range(2):
            await at.connector.erase_and_call_back(items, key="a", callback_url=CALLBACK)
            await at.sleep(90)
        await at.erase(items, "b")
    first, again, other = (request.content for request in at.posts())
    assert first == again
    assert json.loads(first)["submitted_time"] < json.loads(other)["submitted_time"]


async def test_only_the_times_of_the_latest_requests_are_kept() -> None:
    async with stage() as at:
        client = at.connector._clients["perfectview"]
        times = {client._first_submitted(f"request-{number}") for number in range(1001)}
        await at.sleep(90)
    assert client._first_submitted("request-1") in times
    assert client._first_submitted("request-0") not in times


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_an_id_that_a_processor_will_not_take_twice_is_looked_up(status: int) -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        first = await at.erase(items)
        at.network.changed = lambda request, answer: (
            httpx.Response(status) if request.method == "POST" else answer
        )
        assert jobs(await at.erase(items)) == jobs(first)
        at.network.inner = httpx.MockTransport(lambda _: httpx.Response(400))
        refused = await at.erase(items, "another key")
    assert {getattr(outcome, "code", "") for outcome in refused} == {"refused"}
