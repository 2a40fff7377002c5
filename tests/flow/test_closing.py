"""What is closed stays closed, and what it held is destroyed in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_mocks.people import Role

from .harness import a_request
from .indoors import indoors
from .sealed_file import file_opened, plain_pages

DIRECTORY = ("directory",)


async def test_a_request_cancelled_before_its_identity_was_verified_is_destroyed_too(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        body = a_request("erase", here.person(Role.RUNNING), "directory", identity=None)
        request_id = await here.submit(body)
        answer = await here.caller().post(f"/v1/requests/{request_id}/cancel")
        assert answer.json()["closing"] == "cancelled"
        await here.let_pass(days=31)
        assert "vault.subject_key_destroyed" in await here.events(request_id)


@pytest.mark.parametrize("operation", ["restrict", "object"])
async def test_what_is_not_relevant_is_answered_at_once_and_destroyed_in_time(
    operation: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        body = a_request(operation, here.person(Role.RUNNING), identity=None)
        request_id = await here.submit(body)
        shown = await here.request(request_id)
        assert (shown["state"], shown["closing"]) == ("closed", "not_relevant")
        await here.let_pass(days=31)
        assert "vault.subject_key_destroyed" in await here.events(request_id)


async def test_a_cancelled_access_copies_nothing_any_more(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        await here.caller().post(f"/v1/requests/{request_id}/cancel")
        await here.let_pass(seconds=1)
        await here.let_pass(days=1)
        assert "task.copied" not in await here.events(request_id)


async def test_a_stuck_connector_of_a_cancelled_access_is_not_asked_on_retry(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        await here.plant("directory", {"fault": "html_200", "times": 50})
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        await here.until(request_id, "person")
        await here.caller().post(f"/v1/requests/{request_id}/cancel")
        await here.plant("directory")
        await here.caller().post(f"/v1/requests/{request_id}/retry")
        await here.let_pass(seconds=1)
        assert "task.copied" not in await here.events(request_id)


@pytest.mark.parametrize("how", ["reject", "cancel"])
async def test_a_plan_that_was_turned_down_changes_nothing_ever(how: str, tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory", "subprocessors")) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("erase", person))
        await here.until(request_id, "approval")
        if how == "reject":
            assert (await here.decide(request_id, "reject")).status_code == 200
        else:
            await here.caller().post(f"/v1/requests/{request_id}/cancel")
        shown = await here.request(request_id)
        assert shown["state"] == "closed"
        await here.caller().post(f"/v1/requests/{request_id}/retry")
        for _ in range(5):
            await here.let_pass(days=400)
        assert not [e for name in here.addresses for e in await here.effects(name)
                    if e["subject"] == person.id]  # fmt: skip
        assert "vault.retention_key_destroyed" in await here.events(request_id)


@pytest.mark.parametrize("how", ["rejected", "cancelled"])
async def test_what_was_turned_down_is_reported_as_not_done(how: str, tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory", "xelion")) as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        await here.until(request_id, "approval")
        planned = sum(line["count"] for line in await here.report(request_id))
        if how == "rejected":
            await here.decide(request_id, "reject")
        else:
            await here.caller().post(f"/v1/requests/{request_id}/cancel")
        report = await here.get(f"/v1/requests/{request_id}/report")
        assert report["totals"]["not_done"] > 0
        assert not {"pending", "erased", "nothing_held", "failed"} & report["totals"].keys()
        assert sum(report["totals"].values()) == planned
        undone = [line for line in report["items"] if line["outcome"] == "not_done"]
        assert {line["reason"] for line in undone} == {how}


async def test_what_was_withdrawn_before_anything_was_looked_for_is_not_done(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        body = a_request("erase", here.person(Role.RUNNING), identity=None)
        request_id = await here.submit(body)
        await here.caller().post(f"/v1/requests/{request_id}/cancel")
        told = [(x["outcome"], x["reason"]) for x in await here.report(request_id)]
        assert told == [("not_done", "cancelled")]


async def test_after_thirty_days_the_plan_is_gone_and_the_evidence_remains(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(
            a_request("erase", person, "directory", note="Marker-Of-A-Note")
        )
        await here.until(request_id, "approval")
        await here.decide(request_id)
        await here.until(request_id, "closed")
        await here.let_pass(days=29)
        assert (await here.caller().get(f"/v1/requests/{request_id}/plan")).status_code == 200
        await here.let_pass(days=2)
        assert (await here.caller().get(f"/v1/requests/{request_id}/plan")).status_code == 410
        assert "plan.approved" in await here.events(request_id)
        assert await here.report(request_id)
        assert await here.chain_breaks_at() is None


async def test_after_thirty_days_the_copy_is_gone_from_the_file_itself(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request("access", person, "directory"))
        sealed = boxes(tmp_path)
        stored = file_bytes(tmp_path)
        assert all(stands(box, stored) for box in sealed)
        assert (await here.caller().get(f"/v1/requests/{request_id}/package")).status_code == 200
        await here.let_pass(days=31)
        assert (await here.caller().get(f"/v1/requests/{request_id}/package")).status_code == 410
        assert not boxes(tmp_path)
        stored = file_bytes(tmp_path)
        assert b"request.closed" in stored  # so it is read as it should be
        assert not any(stands(box, stored) for box in sealed)


def boxes(folder: Path) -> list[bytes]:
    """What is stored of copies and of confidential parts, still encrypted."""
    with file_opened(folder) as db:
        copies = [row[0] for row in db.execute("SELECT box FROM copy_part")]
        people = [row[0] for row in db.execute("SELECT confidential_box FROM request")]
    return [bytes(box) for box in (*copies, *people) if box]


def stands(box: bytes, stored: bytes) -> bool:
    """Whether it begins somewhere; one of two stretches is not broken off by the end of a page."""
    return box[:32] in stored or box[32:64] in stored


def file_bytes(folder: Path) -> bytes:
    """The database and its log, once what is in the log has been written back."""
    with file_opened(folder) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not (folder / "avgate.db-wal").read_bytes()
    return plain_pages(folder)


async def test_a_request_says_that_it_runs_while_an_upstream_is_asked(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING)))
        seen = [(await here.request(request_id))["state"]]

        async def look() -> None:
            seen.append((await here.request(request_id))["state"])

        here.before_call = look
        await here.settle()
        seen.append((await here.request(request_id))["state"])
    assert seen == ["received", "running", "closed"]
