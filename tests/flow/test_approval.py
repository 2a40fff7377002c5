"""A plan is carried out when a second person has approved exactly that plan, and not before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from avgate_gateway.authentication import Scope
from avgate_gateway.flow.advance import advance
from avgate_gateway.store import item_steps
from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors

DIRECTORY = ("directory",)


async def planned(here: Indoors, client: str = "portal") -> str:
    body = a_request("erase", here.person(Role.RUNNING))
    request_id = await here.submit(body, client)
    assert (await here.until(request_id))["waiting_for"] == "approval"
    return request_id


async def decided(
    here: Indoors, request_id: str, digest: str, client: str = "colleague"
) -> httpx.Response:
    body = {"plan_digest": digest, "decision": "approve"}
    return await here.caller(client).post(f"/v1/requests/{request_id}/approval", json=body)


async def test_whoever_asked_may_not_approve(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        answer = await here.decide(request_id, client="portal")
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("second-person-required")
        await here.let_pass(hours=1)
        assert await here.effects("directory") == []


@pytest.mark.parametrize("spelling", ["Portal", " portal ", "PORTAL"])
async def test_another_spelling_of_a_name_is_no_second_person(
    tmp_path: Path, spelling: str
) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        answer = await here.decide(request_id, client=spelling)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("second-person-required")


async def test_whoever_may_not_approve_does_not_even_as_a_second_person(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        here.caller("helper", scopes=[Scope.READ, Scope.ERASE])
        assert (await here.decide(request_id, client="helper")).status_code == 403


async def test_another_plan_than_the_one_seen_is_not_approved(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        answer = await decided(here, request_id, "0" * 64)
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("plan-changed")
        await here.let_pass(hours=1)
        assert await here.effects("directory") == []


async def test_there_is_nothing_to_approve_once_it_is_closed(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        digest = (await here.request(request_id))["plan"]["digest"]
        assert (await decided(here, request_id, digest)).status_code == 200
        assert (await decided(here, request_id, digest)).status_code == 200  # the same again
        await here.until(request_id, "closed")
        third = await decided(here, request_id, digest, "another-colleague")
        assert third.status_code == 409
        assert (await here.events(request_id)).count("plan.approved") == 1


async def test_a_rejected_plan_closes_its_request_without_any_effect(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        assert (await here.decide(request_id, "reject")).status_code == 200
        shown = await here.request(request_id)
        assert (shown["state"], shown["closing"]) == ("closed", "rejected")
        assert (await here.decide(request_id)).status_code == 409
        await here.let_pass(days=40)
        assert await here.effects("directory") == []


async def test_a_plan_that_nobody_approved_in_time_is_made_anew(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        old = (await here.request(request_id))["plan"]["digest"]
        await here.let_pass(days=7, seconds=1)
        shown = await here.until(request_id)
        assert shown["waiting_for"] == "approval"
        assert (await here.events(request_id)).count("plan.made") == 2
        assert (await decided(here, request_id, old)).status_code in {200, 409}
        if (await here.request(request_id))["waiting_for"] == "approval":
            assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "closed")
        assert {line["outcome"] for line in await here.report(request_id)} <= {
            "erased",
            "scheduled",
        }


async def test_a_plan_is_not_approved_after_its_time(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        digest = (await here.request(request_id))["plan"]["digest"]
        here.time.pushed += await here.remaining(request_id)
        answer = await decided(here, request_id, digest)
        assert answer.status_code == 409


async def test_a_system_found_late_has_a_plan_and_an_approval_of_its_own(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory", "subprocessors")) as here:
        person = here.person(Role.RUNNING)
        held = await here.holds("directory", person)
        assert held
        await here.plant("directory", {"fault": "error_503", "times": 10_000})
        request_id = await here.submit(a_request("erase", person))
        first = await here.until(request_id, "approval", seconds=400)
        await here.plant("directory")
        await here.let_pass(hours=2)  # it is located while the first plan waits
        assert (await here.decide(request_id)).status_code in {200, 409}
        del first
        for _ in range(3):
            shown = await here.until(request_id, "approval", "closed", "person")
            if shown["waiting_for"] == "approval":
                assert (await here.decide(request_id)).status_code == 200
        for task in (await here.get("/v1/tasks?state=open"))["items"]:
            assert task["connector"] == "subprocessors"
        lines = [x for x in await here.report(request_id) if x["connector"] == "directory"]
        assert {x["outcome"] for x in lines} <= {"erased", "scheduled"}
        assert sum(x["count"] for x in lines) == held["directory_listing"]


async def test_a_refusal_of_a_part_may_be_said_again(tmp_path: Path) -> None:
    """Its answer may be lost, and a client that asks again is told that it was decided."""
    async with indoors(tmp_path, ("directory", "subprocessors")) as here:
        await here.plant("directory", {"fault": "error_503", "times": 10_000})
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        await here.until(request_id, "approval", seconds=400)
        assert (await here.decide(request_id)).status_code == 200
        await here.plant("directory")
        await here.let_pass(hours=2)
        digest = (await here.until(request_id, "approval"))["plan"]["digest"]
        body = {"plan_digest": digest, "decision": "reject", "reason": "they are a customer yet"}
        url = f"/v1/requests/{request_id}/approval"
        answers = [(await here.caller("colleague").post(url, json=body)) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert (await here.events(request_id)).count("plan.rejected") == 1
        assert (await decided(here, request_id, digest)).status_code == 409, "it was refused"
        other = await here.caller("colleague").post(url, json=body | {"plan_digest": "0" * 64})
        assert other.status_code == 409, "that was none of its plans"


async def test_a_client_that_is_exempt_by_policy_needs_no_second_person(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY, exempt="robot") as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("erase", person), "robot")
        await here.until(request_id, "closed")
        assert (await here.request(request_id))["plan"]["approved_by"] == "policy"
        other = await planned_for(here, Role.SAME_NAME_FIRST)
        assert (await here.request(other))["waiting_for"] == "approval"


async def test_a_plan_that_was_made_just_before_a_crash_is_approved_by_policy_all_the_same(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, DIRECTORY, exempt="robot") as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)), "robot")
        context, name = here.assembled.context, "libervoice"
        strict = replace(context.desks[name], approval_exempt_clients=frozenset())
        await advance(replace(context, desks={**context.desks, name: strict}), request_id)
        assert (await here.request(request_id))["waiting_for"] == "approval"  # as if it ended there
        await advance(context, request_id)
        await here.until(request_id, "closed")
        assert (await here.request(request_id))["plan"]["approved_by"] == "policy"


async def planned_for(here: Indoors, role: Role) -> str:
    request_id = await here.submit(a_request("erase", here.person(role)))
    await here.until(request_id)
    return request_id


async def test_cancelling_wins_or_loses_against_the_policy_but_never_half(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY, exempt="robot") as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("erase", person), "robot")
        here.before_call = lambda: here.caller("robot").post(f"/v1/requests/{request_id}/cancel")
        await here.settle()
        await here.let_pass(minutes=1)
        shown = await here.request(request_id)
        assert shown["closing"] == "cancelled"
        await here.let_pass(days=1)
        assert await here.effects("directory") == []


async def test_an_approval_that_set_nothing_going_is_asked_for_again(tmp_path: Path) -> None:
    async with indoors(tmp_path, DIRECTORY) as here:
        request_id = await planned(here)
        async with here.assembled.context.database.write() as db:  # as if it was located anew
            await item_steps.unplan(db, request_id)
        assert (await here.decide(request_id)).status_code == 200
        assert (await here.until(request_id))["waiting_for"] == "approval"
        assert await here.effects("directory") == []
        assert (await here.decide(request_id)).status_code == 200
        assert (await here.until(request_id, "closed", "person"))["plan"]["approved_by"]
        assert await here.effects("directory")
