"""Whose data it is: the right person's, all of it, and nobody else's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from avgate_mocks.people import Role, cast

from .harness import Caller, JsonMap, Mocks, Office, Served, a_request
from .indoors import indoors
from .telling import copied, counted, package, staying

EVERYWHERE = ("operator", "xelion", "directory", "subprocessors")


def others(truth: Mapping[str, JsonMap], but: Collection[str]) -> dict[str, JsonMap]:
    return {
        name: {one: held for one, held in people.items() if one not in but}
        for name, people in truth.items()
    }


@pytest.mark.parametrize("role", [Role.NUMBER_BEFORE, Role.NUMBER_AFTER])
def test_each_holder_of_a_number_sees_what_was_theirs(
    role: Role, mocks: Mocks, asks: Caller, connectors: tuple[str, ...]
) -> None:
    person = cast(mocks.everyone)[role]
    shown = asks.submit(a_request("access", person), prefer="wait=30")
    truth = mocks.truth(connectors)
    for name in connectors:
        assert counted(asks.report(shown["id"]), name) == truth[name][person.id], name


def test_only_the_right_one_is_erased_of_two_with_one_name_and_of_two_with_one_number(
    mocks: Mocks, office: Office, connectors: tuple[str, ...]
) -> None:
    roles = (Role.SAME_NAME_FIRST, Role.NUMBER_BEFORE)
    people = [cast(mocks.everyone)[role] for role in roles]
    before = mocks.truth(connectors)
    made = [office.asks.submit(a_request("erase", person))["id"] for person in people]
    for request_id, person in zip(made, people, strict=True):
        office.see_through(request_id)
        report = office.asks.report(request_id)
        for name in connectors:
            assert staying(report, name) == mocks.holds(name)[person.id], (person.id, name)
    ids = {person.id for person in people}
    assert others(before, ids) == others(mocks.truth(connectors), ids)


@pytest.mark.parametrize("operation", ["access", "export", "erase", "rectify"])
async def test_a_number_without_dates_that_two_people_had_waits_for_a_person(
    operation: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, EVERYWHERE) as here:
        number = here.person(Role.NUMBER_BEFORE).lines[0].number
        more = {"changes": [{"field": "address.street", "to": "Nieuweweg"}]}
        body = a_request(
            operation,
            here.person(Role.NUMBER_BEFORE),
            **(more if operation == "rectify" else {}),
        )
        body["subject"] = {"identifiers": [{"kind": "phone", "value": number}]}
        request_id = await here.submit(body)
        shown = await here.until(request_id)
        assert shown["waiting_for"] == "person"
        assert "ambiguous" in {one["reason_code"] for one in shown["connectors"]}
        path = "package" if operation in {"access", "export"} else "plan"
        answer = await here.caller().get(f"/v1/requests/{request_id}/{path}")
        assert answer.status_code in {404, 409}
        tasks = (await here.get("/v1/tasks?state=open"))["items"]
        assert "ambiguous" in {task["reason_code"] for task in tasks}
        assert number not in str((tasks, await here.report(request_id)))
        await here.let_pass(days=1)
        assert not [effect for name in EVERYWHERE for effect in await here.effects(name)]


def test_somebody_known_to_two_systems_is_told_so_of_the_others(
    mocks: Mocks, asks: Caller, connectors: tuple[str, ...]
) -> None:
    person = cast(mocks.everyone)[Role.TWO_UPSTREAMS]
    shown = asks.submit(a_request("access", person), prefer="wait=30")
    assert shown["state"] == "closed"
    told = {one["connector"]: one["outcome"] for one in shown["connectors"]}
    assert {name for name, word in told.items() if word == "completed"} == {"xelion", "directory"}
    assert {word for name, word in told.items() if name not in person.known_to} <= {"nothing_held"}
    assert copied(package(asks, shown["id"])).keys() == {"xelion", "directory"}


@pytest.mark.parametrize("operation", ["access", "erase", "rectify", "export"])
def test_somebody_whom_nobody_knows_is_told_that_nothing_is_held(
    operation: str, asks: Caller
) -> None:
    body: JsonMap = {
        "operation": operation,
        "subject": {
            "identifiers": [
                {"kind": "customer_id", "value": "C-999999"},
                {"kind": "phone", "value": "+31850000000"},
                {"kind": "email", "value": "nobody@example.org"},
            ]
        },
        "identity": {
            "method": "desk",
            "verified_by": "jan",
            "verified_at": "2026-01-05T10:00:00Z",
        },
    }
    if operation == "rectify":
        body["changes"] = [{"field": "address.city", "to": "Doesburg"}]
    request_id = asks.submit(body)["id"]
    shown = asks.when(request_id, "closed", "person", "approval")
    assert shown["state"] == "closed"
    words = {one["outcome"] for one in shown["connectors"]}
    assert words <= {"nothing_held", "not_relevant"}
    assert "nothing_held" in words


def test_fifty_thousand_call_records_fit_through_a_small_process(
    mocks: Mocks, served: Served, asks: Caller, connectors: tuple[str, ...]
) -> None:
    person = cast(mocks.everyone)[Role.HEAVY]
    idle = served.memory("VmRSS")
    shown = asks.submit(a_request("access", person, "operator"), prefer="wait=60")
    asks.when(shown["id"], "closed", seconds=300)  # where others are at work as well
    calls = mocks.holds("operator")[person.id]["communication_metadata"]
    assert counted(asks.report(shown["id"]), "operator")["communication_metadata"] == calls
    with asks.http.stream("GET", f"/v1/requests/{shown['id']}/package") as answer:
        assert answer.status_code == 200
        assert sum(len(chunk) for chunk in answer.iter_bytes()) > 100_000
    assert served.memory("VmHWM") - idle <= 64 * 1024 * 1024


def test_a_running_contract_keeps_who_its_customer_is_and_says_so(
    mocks: Mocks, office: Office
) -> None:
    person = cast(mocks.everyone)[Role.RUNNING]
    request_id = office.carry_out(a_request("erase", person, "operator"))
    lines = office.asks.report(request_id)
    kept = [x for x in lines if x["outcome"] == "retained" and x["category"] == "contact"]
    assert kept
    assert {(x["ground"], x["until"]) for x in kept} == {("contract_runs", None)}
    assert all(x["detail"] for x in kept)


def test_who_a_former_customer_was_stays_for_the_years_that_the_books_do(
    mocks: Mocks, office: Office
) -> None:
    person = cast(mocks.everyone)[Role.ENDED]
    end = person.contract.end
    assert end is not None
    request_id = office.carry_out(a_request("erase", person, "operator"))
    lines = office.asks.report(request_id)
    kept = [x for x in lines if x["outcome"] == "retained" and x["category"] == "contact"]
    assert {x["ground"] for x in kept} == {"legal_duty"}
    assert {x["until"][:4] for x in kept} == {str(end.year + 7)}
    assert {abs(int(x["until"][5:7]) - end.month) for x in kept} == {0}
