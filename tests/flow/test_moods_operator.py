"""An Operator that behaves well as HTTP and badly in substance: nothing is said of it that is not so."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from avgate_mocks.people import Person, Role

from .came_of_it import lines, tasks
from .harness import JsonMap, a_request
from .indoors import Indoors, indoors
from .moods import Ask, Asked, Said, answer
from .test_kept_on_using import told


async def party(here: Indoors, person: Person) -> str:
    asked = {"externalReference.name": person.customer_id}
    [own] = await told(here, "party/v4/individual", **asked)
    return str(own["id"])


@pytest.mark.parametrize("role", [Role.RUNNING, Role.ENDED], ids=["calls", "customer"])
async def test_what_has_another_customers_id_by_the_day_it_is_due_is_left_alone(
    role: Role, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person, other = here.person(role), here.person(Role.SAME_NAME_FIRST)
        mine, theirs = await party(here, person), await party(here, other)
        request_id = await here.erased(person, "operator")
        before = await here.holds("operator", other)

        async def given_anew(asked: Asked, ask: Ask) -> Said | None:
            place, _, name = asked.path.rpartition("/")
            if not name.startswith(mine):
                return None
            said = await ask(asked.to(f"{place}/{name.replace(mine, theirs)}"))
            is_read = asked.method == "GET" and said.status == 200
            return said.saying({**said.json, "id": name}) if is_read else said

        here.moods["operator"].append(given_anew)
        for _ in range(4):
            await here.let_pass(days=900)
        assert await here.holds("operator", other) == before
        assert other.id not in {one["subject"] for one in await here.effects("operator")}
        said = await lines(here, request_id, "operator")
        assert "changed_meanwhile" in {reason for _, _, reason in said}
        assert "changed_meanwhile" in {t["reason_code"] for t in await tasks(here, request_id)}
        await here.caller().post(f"/v1/requests/{request_id}/retry")
        await here.let_pass(days=2)
        assert await here.holds("operator", other) == before


@pytest.mark.parametrize("operation", ["erase", "rectify"])
async def test_a_customer_whose_id_was_given_anew_since_the_plan_is_left_alone(
    operation: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person, other = here.person(Role.ENDED), here.person(Role.SAME_NAME_FIRST)
        mine, theirs = await party(here, person), await party(here, other)
        changes = (
            [{"field": "name.family", "to": "Nieuwenhuis"}] if operation == "rectify" else None
        )
        await here.let_pass(days=3000)
        request_id = await here.submit(a_request(operation, person, "operator", changes=changes))
        assert (await here.until(request_id))["waiting_for"] == "approval"

        async def given_anew(asked: Asked, ask: Ask) -> Said | None:
            place, _, name = asked.path.rpartition("/")
            if place.endswith("/individual") and name == mine:
                said = await ask(asked.to(f"{place}/{theirs}"))
                own = await ask(Asked("GET", asked.path, {}, b""))
                named = {key: own.json[key] for key in ("givenName", "familyName", "fullName")}
                is_read = asked.method == "GET" and said.status == 200
                return said.saying({**said.json, **named, "id": mine}) if is_read else said
            return None

        here.moods["operator"].append(given_anew)
        assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "closed", "person")
        assert other.id not in {one["subject"] for one in await here.effects("operator")}
        reasons = {reason for _, _, reason in await lines(here, request_id, "operator")}
        assert "changed_meanwhile" in reasons


async def test_a_list_that_says_its_pages_length_for_its_own_is_not_taken_for_whole(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:

        async def of_the_page(asked: Asked, ask: Ask) -> Said | None:
            if not asked.path.endswith("/usage"):
                return None
            said = await ask(asked)
            return said.saying(said.json, x_total_count=str(len(said.json)))

        here.moods["operator"].append(of_the_page)
        request_id = await here.carry_out(a_request("access", here.person(Role.HEAVY), "operator"))
        assert await lines(here, request_id, "operator") == [(None, "failed", "contract_broken")]
        assert (await here.request(request_id))["waiting_for"] == "person"


@pytest.mark.parametrize(
    "code", ["hasActiveProducts", "productActive", "usageBilled", "usageUnderDispute"]
)
async def test_a_refusal_that_cannot_be_so_is_for_a_person(code: str, tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:

        async def refusing(asked: Asked, _: Ask) -> Said | None:
            body = {"code": code, "reason": "still", "status": "409"}
            return answer(409, body) if asked.method == "DELETE" else None

        request_id = await here.erased(here.person(Role.ENDED), "operator")
        assert (await here.request(request_id))["state"] == "closed"
        here.moods["operator"].append(refusing)
        for _ in range(4):
            await here.let_pass(days=900)
        said = await lines(here, request_id, "operator")
        assert ("contact", "refused", "conflict") in said
        assert "conflict" in {task["reason_code"] for task in await tasks(here, request_id)}


async def test_a_sound_in_which_there_is_nothing_is_missing_from_the_copy(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator", "xelion")) as here:

        async def silent(asked: Asked, ask: Ask) -> Said | None:
            said = await ask(asked) if "/audio" in asked.path else None
            return replace(said, body=b"") if said and said.status == 200 else said

        here.moods["operator"].append(silent)
        here.moods["xelion"].append(silent)
        request_id = await here.carry_out(a_request("export", here.person(Role.RUNNING)))
        package = await here.caller().get(f"/v1/requests/{request_id}/package")
        archive = zipfile.ZipFile(io.BytesIO(package.content))
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["complete"] is False
        assert all(part["files_gone"] for part in manifest["systems"])
        assert not [one for one in archive.infolist() if not one.file_size]


async def test_a_customer_who_is_there_under_another_id_is_not_said_to_be_gone(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person, kept = here.person(Role.ENDED), list[JsonMap]()

        async def archived(asked: Asked, ask: Ask) -> Said | None:
            place, _, name = asked.path.rpartition("/")
            if place.endswith("/individual") and asked.method == "DELETE":
                said = await ask(Asked("GET", asked.path, {}, b""))
                kept.append({**said.json, "id": "archived"})
            if place.endswith("/individual") and name == "archived":
                return answer(200, kept[0])
            if name == "individual" and kept and "externalReference.name" in asked.query:
                return answer(200, kept, x_total_count="1")
            return None

        here.moods["operator"].append(archived)
        await here.let_pass(days=3000)
        request_id = await here.erased(person, "operator")
        assert kept, "it was deleted"
        said = await lines(here, request_id, "operator")
        assert ("contact", "failed", "still_held") in said
        assert ("contact", "erased", None) not in said


async def test_who_asks_for_another_day_each_time_is_told_to_a_person_within_days(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:

        async def tomorrow(asked: Asked, _: Ask) -> Said | None:
            body = {"code": "tooMany", "reason": "come again", "status": "429"}
            return answer(429, body, retry_after="86400") if "/usage" in asked.path else None

        here.moods["operator"].append(tomorrow)
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("access", person, "operator"))
        await here.settle()
        for day in range(2):
            assert (await here.request(request_id))["waiting_for"] == "upstream", day
            await here.let_pass(days=1, seconds=5)
        assert (await here.request(request_id))["waiting_for"] == "person"
        assert [task["reason_code"] for task in await tasks(here, request_id)] == ["unavailable"]


async def test_a_list_that_changes_its_order_while_it_is_read_is_read_anew(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        rows: list[JsonMap] = []
        times = 0

        async def reordered(asked: Asked, ask: Ask) -> Said | None:
            """Once: as its fourth page is asked for, a row of the first and one of the last change places."""
            nonlocal rows, times
            if not asked.path.endswith("/usage"):
                return None
            offset = int(asked.query["offset"])
            if not offset:
                rows, times = (await ask(asked.to(limit="1000"))).json, times + 1
            if offset == 27 and times == 1:  # each page begins with the last row before it
                rows[4], rows[-4] = rows[-4], rows[4]
            return answer(200, rows[offset : offset + 10], x_total_count=str(len(rows)))

        here.moods["operator"].append(reordered)
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request("access", person, "operator"))
        package = await here.caller().get(f"/v1/requests/{request_id}/package")
        archive = zipfile.ZipFile(io.BytesIO(package.content))
        text = "".join(archive.read(n).decode() for n in archive.namelist() if n.endswith(".json"))
        assert times == 2
        assert all(text.count(f'"{row["id"]}"') == 1 for row in rows)
