"""What staff write may name the person: read while that is needed, and in the clear nowhere."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from avgate_gateway.confidential import CONTEXT
from avgate_gateway.flow.context import unsealed
from avgate_gateway.store import remarks as written
from avgate_gateway.store import requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.vault import SUBJECT_KEY, Box
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import BY_HAND, Indoors, indoors
from .sealed_file import at_rest

WORDS = "it is about Zwaantje Quist"


async def remarks(here: Indoors, request_id: str) -> dict[str, str | None]:
    found = await here.get(f"/v1/requests/{request_id}/evidence")
    return {entry["event"]: entry["remark"] for entry in found["items"]}


async def task_of(here: Indoors, request_id: str) -> dict[str, str | None]:
    listed = (await here.get("/v1/tasks"))["items"]
    [task] = [task for task in listed if task["request_id"] == request_id]
    return dict(task)


async def test_a_note_and_what_was_done_by_hand_are_read_by_staff_until_the_key_is_gone(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        person = here.person(Role.RUNNING)
        body = a_request("erase", person, "subprocessors", note=f"{WORDS}, noted")
        request_id = await here.carry_out(body, "person")
        assert (await task_of(here, request_id))["note"] == f"{WORDS}, noted"
        assert (await remarks(here, request_id))["request.received"] == f"{WORDS}, noted"
        task_id = (await task_of(here, request_id))["id"]
        done = {"evidence": f"{WORDS}, done"}
        answer = await here.caller().post(f"/v1/tasks/{task_id}/completion", json=done)
        assert answer.json()["evidence"] == f"{WORDS}, done"
        await here.until(request_id, "closed")
        assert (await task_of(here, request_id))["evidence"] == f"{WORDS}, done"
        assert b"Zwaantje" not in at_rest(tmp_path)
        await here.let_pass(days=31)
        after = await task_of(here, request_id)
        assert (after["state"], after["evidence"], after["note"]) == ("completed", None, None)
        assert set((await remarks(here, request_id)).values()) == {None}
        async with here.assembled.context.database.read() as db:
            assert not await written.of_requests(db, [request_id]), (
                "what nobody can read is still kept"
            )


async def test_a_word_about_what_the_law_kept_is_sealed_too(tmp_path: Path) -> None:
    """The subject's key is gone by then; the key of the kept items is what is left."""
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        request_id = await here.carry_out(
            a_request("erase", here.person(Role.RUNNING), "subprocessors"), "person"
        )
        task_id = (await task_of(here, request_id))["id"]
        async with here.assembled.context.database.write() as db:
            await _destroy_subject_key(db, request_id)
        done = {"evidence": WORDS}
        answer = await here.caller().post(f"/v1/tasks/{task_id}/completion", json=done)
        assert (answer.status_code, answer.json()["evidence"]) == (200, WORDS)
        assert b"Zwaantje" not in at_rest(tmp_path)


async def _destroy_subject_key(db: Connection, request_id: str) -> None:
    await requests.change(db, request_id, subject_key=None, confidential_box=None, plan_box=None)


async def test_why_it_takes_longer_is_told_and_not_kept_in_the_clear(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("access", person, identity=None))
        url = f"/v1/requests/{request_id}"
        for _ in range(2):
            answer = await here.caller().post(f"{url}/extension", json={"reason": WORDS})
            assert (answer.status_code, answer.json()["extension_reason"]) == (200, WORDS)
        other = await here.caller().post(f"{url}/extension", json={"reason": "another"})
        assert other.status_code == 409
        assert (await here.request(request_id))["extension_reason"] == WORDS
        [listed] = (await here.get("/v1/requests"))["items"]
        assert listed["extension_reason"] == WORDS
        assert (await remarks(here, request_id))["request.extended"] == WORDS
        assert b"Zwaantje" not in at_rest(tmp_path)


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_why_a_plan_was_decided_so_stands_beside_the_decision(
    decision: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        shown = await here.until(request_id, "approval")
        body = {"plan_digest": shown["plan"]["digest"], "decision": decision, "reason": WORDS}
        answer = await here.caller("colleague").post(
            f"/v1/requests/{request_id}/approval", json=body
        )
        assert answer.status_code == 200
        word = {"approve": "plan.approved", "reject": "plan.rejected"}[decision]
        assert (await remarks(here, request_id))[word] == WORDS
        assert await here.chain_breaks_at() is None
        assert b"Zwaantje" not in at_rest(tmp_path)


async def test_why_it_was_withdrawn_stands_beside_that(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body = a_request("access", here.person(Role.RUNNING), identity=None)
        request_id = await here.submit(body)
        url = f"/v1/requests/{request_id}/cancel"
        assert (await here.caller().post(url, json={"reason": WORDS})).status_code == 200
        assert (await remarks(here, request_id))["request.cancelled"] == WORDS


async def test_nobody_elses_staff_reads_it(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(
            a_request("erase", person, "subprocessors", note=WORDS), "person"
        )
        stranger = here.caller(controller="mister-voip")
        assert (await stranger.get(f"/v1/requests/{request_id}/evidence")).status_code == 404
        assert WORDS not in (await stranger.get("/v1/tasks")).text
        assert WORDS not in (await here.caller().get("/v1/audit?limit=1000")).text


async def test_what_has_no_purpose_yet_is_checked_and_not_kept(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        body = a_request("access", person)
        body["subject"]["name"] = "Zwaantje Quist"
        request_id = await here.submit(body)
        context = here.assembled.context
        async with context.database.read() as db:
            recorded = await requests.find(db, request_id)
        assert recorded is not None
        kept = (await unsealed(context, recorded)).person
        assert kept is not None
        assert kept.subject.name is None
        async with context.database.read() as db:
            box = (await requests.sealed(db, request_id)).confidential
        key = (await _keys(here, request_id)).open(box or b"", CONTEXT)
        assert b"wantje" not in key


async def _keys(here: Indoors, request_id: str) -> Box:
    async with here.assembled.context.database.read() as db:
        wrapped = (await requests.sealed(db, request_id)).subject_key
    return here.assembled.context.vault.box(wrapped, request_id, SUBJECT_KEY)


@pytest.mark.parametrize(
    "address", ["http://caller.example/called", "https:/caller", "ftp://caller.example"]
)
async def test_an_address_that_could_be_read_on_the_way_is_refused(
    address: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body = a_request("access", here.person(Role.RUNNING), callback_url=address)
        answer = await here.caller().post(
            "/v1/requests", json=body, headers={"idempotency-key": str(uuid4())}
        )
        assert answer.status_code == 422
        assert "#/callback_url" in answer.text
