"""Directories and processors that behave well as HTTP and badly in substance: nothing is said of them that is not so."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from avgate_mocks.people import Role

from .came_of_it import lines
from .harness import a_request
from .indoors import indoors
from .moods import Ask, Asked, Said


@pytest.mark.parametrize("hours", [0, 3], ids=["at once", "hours later"])
@pytest.mark.parametrize("operation", ["erase", "rectify"])
async def test_a_listing_that_is_anothers_since_the_plan_is_left_alone(
    operation: str, hours: int, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person, other = here.person(Role.RUNNING), here.person(Role.SAME_NAME_FIRST)
        mine, theirs = (f"L-{one.position:06d}-1".encode() for one in (person, other))
        changes = (
            [{"field": "address.street", "to": "Proefweg"}] if operation == "rectify" else None
        )
        request_id = await here.submit(a_request(operation, person, "directory", changes=changes))
        assert (await here.until(request_id))["waiting_for"] == "approval"

        async def given_anew(asked: Asked, ask: Ask) -> Said | None:
            if not asked.path.endswith(f"/listings/{mine.decode()}"):
                return None
            said = await ask(asked.to(asked.path.replace(mine.decode(), theirs.decode())))
            street = f"<StreetName>{person.address.street}</StreetName>".encode()
            body = re.sub(b"<StreetName>[^<]*</StreetName>", street, said.body)
            return replace(said, body=body.replace(theirs, mine))

        here.moods["directory"].append(given_anew)
        await here.let_pass(hours=hours)
        assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "closed", "person")
        for _ in range(20):
            await here.let_pass(hours=3)
        assert other.id not in {one["subject"] for one in await here.effects("directory")}
        said = await lines(here, request_id, "directory")
        assert ("directory_listing", "refused", "changed_meanwhile") in said
        assert (await here.request(request_id))["waiting_for"] == "person"


async def test_what_a_processor_shows_under_other_ids_each_time_is_not_said_to_be_gone(
    tmp_path: Path,
) -> None:
    files = 0
    async with indoors(tmp_path, ("subprocessors",)) as here:

        async def forgetful(asked: Asked, ask: Ask) -> Said | None:
            """It takes an erasure for a question."""
            nonlocal files
            if asked.method == "POST" and asked.path.endswith("/requests"):
                body = json.loads(asked.body)
                if body["subject_request_type"] != "erasure" or "perfectview" not in asked.path:
                    return None
                body["subject_request_type"] = "access"
                return await ask(replace(asked, body=json.dumps(body).encode()))
            if not asked.path.endswith("/results"):
                return None
            said = await ask(asked)
            content, files = said.json, files + 1
            for result in content["results"]:
                result["id"] += f"-in-{files}"
            return said.saying(content)

        here.moods["subprocessors"].append(forgetful)
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request("erase", person, "subprocessors"))
        held = (await here.holds("subprocessors", person))["processor_data"]
        report = {one["outcome"]: one for one in await here.report(request_id)}
        assert (report["failed"]["reason"], report["failed"]["count"]) == ("still_held", held)
        assert report["erased"]["count"] == 1, "the other processor did what it was asked"
        assert (await here.request(request_id))["waiting_for"] == "person"


async def test_a_listing_that_tells_of_no_publication_is_not_said_to_be_gone(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("erase", person, "directory"))
        await here.until(request_id)

        async def nowhere(asked: Asked, ask: Ask) -> Said | None:
            if "/listings" not in asked.path:
                return None
            said = await ask(asked)
            told = re.sub(b"<Publication>.*</Publication>", b"", said.body, flags=re.DOTALL)
            return replace(said, body=told)

        here.moods["directory"].append(nowhere)
        assert (await here.decide(request_id)).status_code == 200
        for _ in range(5):
            await here.let_pass(hours=3)
        said = {
            (outcome, reason) for _, outcome, reason in await lines(here, request_id, "directory")
        }
        assert ("failed", "contract_broken") in said
        assert (await here.request(request_id))["waiting_for"] == "person"
        assert "already_gone" not in {outcome for outcome, _ in said}
