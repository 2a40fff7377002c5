"""What the subprocessors connector asks by where a processor takes less than it did when it was asked."""

from __future__ import annotations

import json

import httpx
import pytest

import avgate_contracts as sdk

from .stage import BY_HAND, is_pending, stage


def knows_by_customer_alone(answer: httpx.Response) -> httpx.Response:
    body = json.loads(b"".join(answer.stream.__dict__["_body"]))
    left = [i for i in body["supported_identities"] if i["identity_type"] != "email"]
    return httpx.Response(200, json={**body, "supported_identities": left})


async def test_what_a_processor_takes_no_more_is_left_out_of_what_it_is_asked_by() -> None:
    async with stage() as at:
        (item, *_) = [item for item in await at.items() if "perfectview" in item.ref]
        filed = item.ref[:-2] + ', ["email", "subject@example.org"]]]'
        item = sdk.ItemRef(filed, item.category, item.product, erasure=item.erasure)
        at.connector._clients["perfectview"]._known = None
        at.network.changed = lambda request, answer: (
            knows_by_customer_alone(answer) if request.url.path.endswith("/discovery") else answer
        )
        (outcome,) = await at.erase([item])
        assert is_pending(outcome)
        await at.sleep(2)
        assert await at.connector.still_held([item]) == []
        told = [json.loads(r.content)["subject_identities"] for r in at.posts()[-2:]]
    assert [[one["identity_value"] for one in each] for each in told] == [["C-1"]] * 2


async def test_a_processor_that_takes_nothing_an_item_is_filed_under_is_not_taken_for_empty() -> (
    None
):
    async with stage() as at:
        (item, *_) = [item for item in await at.items() if "workspace365" in item.ref]
        at.connector._clients["workspace365"]._known = None
        at.network.changed = lambda request, answer: (
            knows_by_customer_alone(answer) if request.url.path.endswith("/discovery") else answer
        )
        (outcome,) = await at.erase([item])
        with pytest.raises(sdk.ContractBrokenError):
            await at.connector.still_held([item])
    assert isinstance(outcome, sdk.Unsupported)


async def test_a_processor_that_left_the_settings_is_not_taken_for_empty() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if item.erasure is not sdk.ErasureWay.BY_HAND]
    assert items
    async with stage(processors=[BY_HAND]) as at:
        with pytest.raises(sdk.MisconfiguredError):
            await at.connector.still_held(items)
        told = await at.erase(items)
        assert {type(outcome) for outcome in told} == {sdk.Unsupported}
