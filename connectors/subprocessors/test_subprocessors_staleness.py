"""What the subprocessors connector no longer goes by: old answers, certificates and files."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

import avgate_contracts as sdk
from avgate_mocks.subprocessors.job import Job

from .stage import STRANGER, Stage, jobs, stage


def asked_as(at: Stage) -> list[str]:
    bodies = [json.loads(r.content) for r in at.posts() if "perfectview" in r.url.path]
    return [body["subject_request_id"] for body in bodies]


@pytest.mark.parametrize(
    ("minutes", "requests"),
    [((1, 1, 5, 15, 60, 180, 360, 720), 1), ((11,), 2), ((1, 1, 11), 2), ((1, 5, 31), 2)],
)
async def test_a_question_that_was_given_up_is_asked_anew(
    minutes: tuple[int, ...], requests: int
) -> None:
    """The first are the gateway's own waits: each of them goes on from the one before."""
    async with stage(patience=0.01) as at:
        with pytest.raises(sdk.UnavailableError):
            await at.found()
        for wait in minutes:
            at.moment += timedelta(minutes=wait)  # and the processor goes on working on it
            with pytest.raises(sdk.UnavailableError):
                await at.found()
        assert len(set(asked_as(at))) == requests


async def test_whether_something_is_gone_is_never_answered_from_before_it_went() -> None:
    """Another process may have had the answer by which it was found and erased."""
    async with stage(patience=5) as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        at.network.changed = lambda request, answer: (
            answer if request.method == "POST" else httpx.Response(503)
        )
        with pytest.raises(sdk.UnavailableError):  # it was taken in, and is not read
            await at.found()
        at.network.changed = None
        await at.sleep(2)  # for the processor to complete that
        (job,) = jobs(await at.erase(items))
        await at.sleep(2)
        assert isinstance(await at.confirm(job, items[0]), sdk.Completed)
        assert await at.connector.still_held(items) == []


async def test_a_certificate_that_ended_meanwhile_proves_nothing() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        await at.sleep(2)
        at.moment += timedelta(days=40_000)
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "bad_signature"


def without_one(answer: httpx.Response) -> httpx.Response:
    body = json.loads(b"".join(answer.stream.__dict__["_body"]))
    return httpx.Response(200, json={"results": body["results"][1:]})


async def test_a_file_that_holds_fewer_results_than_were_counted_is_not_taken_for_whole() -> None:
    async with stage() as at:
        at.network.changed = lambda request, answer: (
            without_one(answer) if request.url.path.endswith("/results") else answer
        )
        with pytest.raises(sdk.ContractBrokenError):
            await at.found()


async def test_a_processor_that_counts_no_results_need_not_hand_out_a_file_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Job, "downloadable", property(lambda job: bool(job.results)))
    async with stage() as at:
        assert await at.found(STRANGER) == []
        assert await at.found()
