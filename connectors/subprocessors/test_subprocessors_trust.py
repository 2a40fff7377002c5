"""Whom the subprocessors connector believes, and to whom it shows a token."""

from __future__ import annotations

import json

import httpx
import pytest

import avgate_contracts as sdk
from avgate_mocks.subprocessors import build

from .stage import (
    HOST,
    Elsewhere,
    is_pending,
    jobs,
    rewritten,
    settings,
    shared,
    stage,
    staged,
    with_header,
)


async def test_a_request_is_pending_in_progress_and_completed() -> None:
    async with staged("states") as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        waits = (0.0, 0.7, 1.0)
        outcomes = []
        for wait in waits:
            await at.sleep(wait)
            outcomes.append(await at.confirm(job, items[0]))
    assert [is_pending(outcome) for outcome in outcomes] == [True, True, False]


async def test_a_cancelled_request_is_a_refusal() -> None:
    async with staged("cancelled") as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        if at.mock is not None:
            path = f"/opendsr/perfectview/v2/requests/{job.partition(':')[2]}"
            token = at.posts()[0].headers["authorization"]
            await at.mock.delete(path, headers={"Authorization": token})
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "cancelled"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-opendsr-signature", "AAAA"),
        ("x-opendsr-signature", "not base64"),
        ("x-opendsr-processor-domain", "workspace365.example"),
    ],
)
async def test_a_completion_that_is_not_signed_by_the_processor_is_not_believed(
    header: str, value: str
) -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        await at.sleep(2)
        at.network.changed = lambda _, answer: with_header(answer, header, value)
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "bad_signature"


async def test_a_changed_body_does_not_fit_its_signature() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        at.network.changed = lambda request, answer: (
            rewritten(answer) if "/requests/" in request.url.path else answer
        )
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "bad_signature"


async def test_a_processor_may_change_its_key() -> None:
    async with stage() as at:
        await at.found()
        at.network.inner = httpx.ASGITransport(build(shared(), 0))
        at.mock = httpx.AsyncClient(transport=at.network.inner, base_url="http://mock")
        assert await at.found()


async def test_a_token_goes_to_its_own_processor_and_to_nobody_else() -> None:
    async with stage() as at:
        await at.found()
        await at.connector.published({})
        sent = {
            (r.url.path.split("/")[2], r.headers["authorization"])
            for r in at.network.asked
            if "authorization" in r.headers
        }
        open_to_all = [r.url.path for r in at.network.asked if "authorization" not in r.headers]
    assert len(sent) == len({token for _, token in sent}) == 2
    assert {path.rsplit("/")[-1] for path in open_to_all} == {
        *("discovery", "certificate.pem", "kpn.json", "managed-voice.csv")
    }


async def test_a_token_does_not_follow_results_to_another_host() -> None:
    (one, *_) = json.loads(settings().model_dump_json())["processors"]
    alias = {**one, "opendsr_url": one["opendsr_url"].replace(HOST, "http://alias.example")}
    async with stage(processors=[{**alias, "token": "token"}]) as at:
        behind = Elsewhere(shared().secret("subprocessors/perfectview", "libervoice"))
        at.network.inner = behind
        at.mock = httpx.AsyncClient(transport=behind.app, base_url="http://mock")
        with pytest.raises(sdk.MisconfiguredError):  # the mock lets nobody download without it
            await at.found()
        last = at.network.asked[-1]
    assert last.url.host == "subprocessors.example"
    assert "authorization" not in last.headers


async def test_a_refused_token_is_for_an_operator_to_put_right() -> None:
    written = json.loads(settings().model_dump_json())["processors"][:1]
    async with stage(processors=[{**written[0], "token": "wrong"}]) as at:
        with pytest.raises(sdk.MisconfiguredError):
            await at.connector.check()
        with pytest.raises(sdk.MisconfiguredError):
            await at.found()
