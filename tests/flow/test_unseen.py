"""What could not be looked into is named, and never passes for nothing held or for all there is."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors
from .test_by_hand import complete, open_tasks

WORKSPACE = {"part": "Workspace365", "reason_code": "other_identifier", "needs": ["email"]}


def by_customer_id(here: Indoors, operation: str = "access", **more: object) -> JsonMap:
    person = here.person(Role.RUNNING)
    body = a_request(operation, person, **more)
    known = [{"kind": "customer_id", "value": person.customer_id}]
    return {**body, "subject": {"identifiers": known, "language": "en"}}


def of_a_stranger(operation: str = "access") -> JsonMap:
    known = [{"kind": "phone", "value": "+31850000000"}]
    check = {"method": "desk", "verified_by": "jan", "verified_at": "2026-01-05T10:00:00Z"}
    return {"operation": operation, "subject": {"identifiers": known}, "identity": check}


async def part(here: Indoors, request_id: str, name: str = "subprocessors") -> JsonMap:
    shown = (await here.request(request_id))["connectors"]
    return dict(next(one for one in shown if one["connector"] == name))


async def lines(here: Indoors, request_id: str) -> dict[str, set[str]]:
    """The words of a report, and the details that go with each."""
    told: dict[str, set[str]] = {}
    for line in await here.report(request_id):
        told.setdefault(line["outcome"], set()).add(line["detail"] or "")
    return told


async def archive(here: Indoors, request_id: str) -> tuple[JsonMap, str]:
    """A package's manifest, and its page for the person on one line."""
    answer = await here.caller().get(f"/v1/requests/{request_id}/package")
    assert answer.status_code == 200, answer.text
    package = zipfile.ZipFile(io.BytesIO(answer.content))
    manifest = json.loads(package.read("manifest.json"))
    [page] = [name for name in package.namelist() if name in {"README.txt", "LEESMIJ.txt"}]
    return manifest, " ".join(package.read(page).decode().split())


async def test_a_part_that_knows_people_by_something_else_is_named_with_what_it_needs(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("subprocessors",)) as here:
        request_id = await here.carry_out(by_customer_id(here))
        shown = await part(here, request_id)
        assert (shown["outcome"], shown["reason_code"]) == ("unsupported", "parts_unseen")
        assert shown["items"]["provided"] > 0
        assert shown["unseen"] == [{**WORKSPACE, "outcome": "not_searchable"}]
        told = await lines(here, request_id)
        assert told.keys() == {"provided", "not_searchable"}
        [detail] = told["not_searchable"]
        assert "Workspace365" in detail
        assert "email" in detail
        manifest, page = await archive(here, request_id)
        [system] = manifest["systems"]
        assert (manifest["complete"], system["outcome"]) == (False, "partly")
        assert system["unseen"][0]["part"] == "Workspace365"
        assert "Workspace365: we did not look here. To find you here we need" in page
        assert "your e-mail address" in page


@pytest.mark.parametrize("operation", ["access", "export", "erase"])
async def test_of_somebody_whom_nobody_knows_nothing_is_said_to_be_held_where_nobody_looked(
    operation: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("subprocessors",)) as here:
        request_id = await here.carry_out(of_a_stranger(operation))
        assert (await part(here, request_id))["outcome"] == "unsupported"
        assert (await lines(here, request_id)).keys() == {"not_searchable"}
        if operation != "erase":
            manifest, page = await archive(here, request_id)
            assert (manifest["complete"], manifest["systems"][0]["outcome"]) == (
                *(False, "not_searchable"),
            )
            assert "Workspace365: hier hebben wij niet gekeken" in page


async def test_what_another_upstream_knows_opens_the_part_that_needed_it(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator", "subprocessors")) as here:
        request_id = await here.carry_out(by_customer_id(here))
        shown = await part(here, request_id)
        assert (shown["outcome"], shown["unseen"]) == ("completed", [])
        entries = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
        looks = [
            entry["details"]["unseen"]
            for entry in entries
            if entry["event"] == "task.copied" and entry["details"]["connector"] == "subprocessors"
        ]
        assert looks == [["Workspace365"], []]
        assert (await lines(here, request_id)).keys() == {"provided"}


@pytest.mark.parametrize("operation", ["access", "export"])
async def test_a_copy_waits_for_a_person_to_ask_where_there_is_no_interface(
    operation: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request(operation, person))
        shown = await part(here, request_id)
        assert (shown["outcome"], (await here.request(request_id))["waiting_for"]) == (
            *("unsupported", "person"),
        )
        assert {one["outcome"] for one in shown["unseen"]} == {"by_hand"}
        held = await here.holds("subprocessors", person)
        assert shown["items"]["provided"] == sum(held.values())
        [task] = await open_tasks(here, request_id)
        assert (task["reason_code"], task["category"]) == ("no_interface", None)
        assert "IASO Backup" in task["reason"]
        assert await complete(here, task) == 200
        assert (await here.until(request_id, "closed", seconds=5))["state"] == "closed"
        shown = await part(here, request_id)
        assert (shown["outcome"], shown["reason"]) == ("completed", None)
        told = await lines(here, request_id)
        assert told.keys() == {"provided", "done_by_hand"}
        assert told["done_by_hand"] == {"een medewerker heeft het nagevraagd bij IASO Backup"}
        manifest, page = await archive(here, request_id)
        assert (manifest["complete"], manifest["systems"][0]["outcome"]) == (False, "partly")
        assert "IASO Backup: een medewerker heeft het nagevraagd" in page


async def test_an_erasure_by_hand_is_planned_and_no_task_before_somebody_approved_it(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        request_id = await here.submit(of_a_stranger("erase"))
        await here.until(request_id, "approval")
        plan = await here.get(f"/v1/requests/{request_id}/plan")
        assert plan["counts"]["by_hand"] == 1
        assert not await open_tasks(here, request_id)
        assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "person")
        [task] = await open_tasks(here, request_id)
        assert await complete(here, task) == 200
        await here.until(request_id, "closed", seconds=5)
        assert (await lines(here, request_id)).keys() == {"not_searchable", "done_by_hand"}
        assert (await part(here, request_id))["outcome"] == "unsupported"


async def test_a_correction_is_asked_for_by_a_person_where_there_is_no_interface(
    tmp_path: Path,
) -> None:
    changes = [{"field": "address.city", "to": "Doesburg"}]
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        request_id = await here.submit({**of_a_stranger("rectify"), "changes": changes})
        assert (await here.until(request_id))["waiting_for"] == "person"
        [task] = await open_tasks(here, request_id)
        assert "IASO Backup" in task["reason"]
        assert await complete(here, task) == 200
        await here.until(request_id, "closed", seconds=5)
        assert (await lines(here, request_id)).keys() == {"not_searchable", "done_by_hand"}


async def test_nobody_is_asked_to_correct_by_hand_before_the_plan_is_approved(
    tmp_path: Path,
) -> None:
    changes = [{"field": "address.city", "to": "Doesburg"}]
    async with indoors(tmp_path, ("operator", "subprocessors"), more=BY_HAND) as here:
        request_id = await here.submit(by_customer_id(here, "rectify", changes=changes))
        assert (await here.until(request_id))["waiting_for"] == "approval"
        assert not await open_tasks(here, request_id)
        assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "person")
        asked = {task["reason_code"] for task in await open_tasks(here, request_id)}
        assert "no_interface" in asked


async def test_what_a_person_asked_is_not_asked_again_when_the_others_are_looked_at_anew(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator", "subprocessors"), more=BY_HAND) as here:
        await here.plant("operator", {"fault": "error_503", "times": 10_000})
        request_id = await here.submit(by_customer_id(here))
        await here.settle()
        [task] = await open_tasks(here, request_id)
        assert await complete(here, task) == 200
        await here.plant("operator")
        shown = await here.until(request_id, "closed", "person", seconds=60)
        assert shown["state"] == "closed"
        told = {one["part"]: one["outcome"] for one in (await part(here, request_id))["unseen"]}
        assert told == {"IASO Backup": "done_by_hand"}  # and the other could be looked into


async def test_nobody_is_asked_to_go_on_by_hand_once_two_people_fit(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator", "subprocessors"), more=BY_HAND) as here:
        await here.plant("operator", {"fault": "error_503", "times": 10_000})
        number = here.person(Role.NUMBER_BEFORE).lines[0].number
        subject = {
            "identifiers": [
                {"kind": "phone", "value": number, "valid_from": "2019-01-01"}  # on days of both
            ]
        }
        request_id = await here.submit({**of_a_stranger(), "subject": subject})
        await here.settle()
        assert [one["reason_code"] for one in await open_tasks(here, request_id)] == [
            "no_interface"
        ]
        await here.plant("operator")
        await here.until(request_id, "person", seconds=60)
        assert [one["reason_code"] for one in await open_tasks(here, request_id)] == ["ambiguous"]


async def test_a_part_is_named_only_where_it_may_hold_what_was_asked_for(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        scope = {"connectors": ["subprocessors"], "categories": ["recording"]}
        request_id = await here.carry_out(by_customer_id(here, scope=scope))
        assert (await part(here, request_id))["unseen"] == []


@pytest.mark.parametrize(("language", "page"), [("nl", "beperkt"), ("en", "narrowed")])
async def test_a_request_that_was_narrowed_says_so_and_not_that_nothing_is_held(
    tmp_path: Path, language: str, page: str
) -> None:
    async with indoors(tmp_path, ("directory", "operator")) as here:
        body = a_request("access", here.person(Role.RUNNING), scope={"categories": ["contact"]})
        subject = {**body["subject"], "language": language}
        request_id = await here.carry_out({**body, "subject": subject})
        assert (await part(here, request_id, "directory"))["outcome"] == "nothing_in_scope"
        assert (await lines(here, request_id)).keys() == {"provided", "nothing_in_scope"}
        manifest, says = await archive(here, request_id)
        assert manifest["narrowed_to"] == {"connectors": [], "categories": ["contact"]}
        assert [one["outcome"] for one in manifest["systems"]] == ["nothing_in_scope", "completed"]
        assert page in says
        assert "staat niets over u" not in says
        assert "holds nothing about you" not in says
        report = (await here.caller().get(f"/v1/requests/{request_id}/report")).json()
        assert report["scope"]["categories"] == ["contact"]


async def test_systems_that_were_left_out_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory", "operator")) as here:
        scope = {"connectors": ["operator"]}
        request_id = await here.carry_out(
            a_request("access", here.person(Role.RUNNING), scope=scope)
        )
        manifest, says = await archive(here, request_id)
        assert manifest["narrowed_to"] == {"connectors": ["operator"], "categories": []}
        assert "alleen in deze systemen gekeken: Operator." in says


@pytest.mark.parametrize(
    ("language", "says", "quoted"),
    [("nl", "dit recht gaat niet over dit systeem; de melding zelf, in het Engels", True),
     ("en", "a listing is published", False)],
)  # fmt: skip
async def test_a_reason_is_told_in_the_language_of_the_person(
    tmp_path: Path, language: str, says: str, *, quoted: bool
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body = a_request("export", here.person(Role.RUNNING))
        subject = {**body["subject"], "language": language}
        request_id = await here.carry_out({**body, "subject": subject})
        [line] = await here.report(request_id)
        assert line["detail"].startswith(says)
        _, page = await archive(here, request_id)
        assert says in page
        assert ("Engels" in page) is quoted
