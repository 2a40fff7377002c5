"""What an erasure had to leave is told to whoever asks later, though nothing leads to it any more."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avgate_gateway.case_number import case_number
from avgate_gateway.store import earlier
from avgate_gateway.store.earlier import Lead
from avgate_mocks.people import Person, Role

from ..gateway.pdf_text import text_of  # noqa: TID252 -- tests are no packages of one another
from .harness import JsonMap, a_request
from .indoors import Indoors, indoors
from .telling import STAYS

BOTH = ("operator", "xelion")
MAILBOX = Lead("mailbox", is_customer=False)


async def asked(here: Indoors, person: Person, *kinds: str, operation: str = "access") -> str:
    """Asked for by all, or by some kinds, of the person's identifiers."""
    body = a_request(operation, person, *BOTH)
    some = [one for one in body["subject"]["identifiers"] if one["kind"] in kinds]
    body["subject"]["identifiers"] = some or body["subject"]["identifiers"]
    return await here.carry_out(body)


def of_xelion(report: list[JsonMap], *outcomes: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in report:
        if line["connector"] == "xelion" and line["outcome"] in outcomes:
            found[line["category"]] = found.get(line["category"], 0) + line["count"]
    return found


async def test_a_copy_after_an_erasure_names_what_is_kept_and_what_waits_for_a_person(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        erasure = await here.erased(person, *BOTH)
        stayed = of_xelion(await here.report(erasure), *STAYS)
        assert stayed
        for kind in ("email", "customer_id"):
            request_id = await asked(here, person, kind)
            report = await here.report(request_id)
            assert of_xelion(report, "retained", "by_hand") == stayed
            assert not of_xelion(report, "nothing_held")
            held = {name: n for name, n in (await here.holds("xelion", person)).items() if n}
            assert stayed == held
            lines = [x for x in report if x["reason"] == "left_earlier"]
            assert all(erasure in x["detail"] and "eerder verzoek" in x["detail"] for x in lines)
            assert all(x["until"] and x["ground"] for x in lines if x["outcome"] == "retained")
            await explained(here, request_id, stayed)
            await in_the_letter(here, request_id, erasure)


async def in_the_letter(here: Indoors, request_id: str, erasure: str) -> None:
    """The request itself is closed: nothing is under way for it, and its copy lacks what is left."""
    answer = await here.caller().get(f"/v1/requests/{request_id}/letter")
    told = text_of(answer.content)
    assert "nog bezig" not in told
    assert "Wat is er over van een eerder verzoek?" in told
    assert "Van deze gegevens krijgt u geen kopie." in told
    assert case_number(erasure) in told.replace(" ", "")


async def explained(here: Indoors, request_id: str, stayed: dict[str, int]) -> None:
    answer = await here.caller().get(f"/v1/requests/{request_id}/package")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    manifest: Any = json.loads(archive.read("manifest.json"))
    [xelion] = [x for x in manifest["systems"] if x["connector"] == "xelion"]
    left: dict[str, int] = {}
    for one in xelion["left_by_earlier_erasures"]:
        left[one["category"]] = left.get(one["category"], 0) + one["count"]
    assert (left, xelion["outcome"], manifest["complete"]) == (stayed, "left_earlier", False)
    assert "na een eerder verzoek" in archive.read("LEESMIJ.txt").decode()


async def test_what_a_later_look_finds_by_itself_is_not_told_twice(tmp_path: Path) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        await here.erased(person, *BOTH)
        request_id = await asked(here, person, "customer_id")
        lines = [x for x in await here.report(request_id) if x["connector"] == "operator"]
        assert lines
        assert {x["outcome"] for x in lines} == {"provided"}


async def test_what_a_contract_says_of_the_person_leads_there_too(tmp_path: Path) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        erasure = await asked(here, person, "phone", operation="erase")
        stayed = of_xelion(await here.report(erasure), *STAYS)
        request_id = await asked(here, person, "customer_id")
        assert of_xelion(await here.report(request_id), *STAYS) == stayed
        assert stayed


async def test_a_request_is_not_told_of_what_it_leaves_itself(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "xelion")
        [task] = (await here.request(request_id))["connectors"]
        assert task["left_earlier"] == []
        leads = {earlier.Lead("some", is_customer=False)}
        async with here.assembled.context.database.write() as db:
            await earlier.lead_to(db, request_id, leads)
            own = await earlier.left(db, leads, "xelion", but_not=request_id)
            others = await earlier.left(db, leads, "xelion", but_not="another")
        assert (own, bool(others)) == ([], True)


@pytest.mark.parametrize(
    ("mine", "is_told"),
    [
        ({MAILBOX, Lead("c1", is_customer=True)}, True),
        ({MAILBOX, Lead("c2", is_customer=True)}, False),  # a housemate's
        ({MAILBOX}, True),
        ({Lead("c1", is_customer=True)}, True),
        ({Lead("c2", is_customer=True)}, False),
    ],
)
async def test_who_shares_a_mailbox_is_told_nothing_of_another_customer(
    tmp_path: Path, mine: set[Lead], *, is_told: bool
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "xelion")
        theirs = {MAILBOX, Lead("c1", is_customer=True)}
        async with here.assembled.context.database.write() as db:
            await earlier.lead_to(db, request_id, theirs)
            assert bool(await earlier.left(db, mine, "xelion", but_not="another")) is is_told


async def test_a_second_erasure_leaves_it_to_the_first(tmp_path: Path) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        first = await here.erased(person, *BOTH)
        before = await here.holds("xelion", person)
        second = await here.erased(person, *BOTH)
        report = await here.report(second)
        assert of_xelion(report, *STAYS) == of_xelion(await here.report(first), *STAYS)
        assert await here.holds("xelion", person) == before


async def test_whoever_shares_a_name_or_has_the_number_now_learns_nothing_of_it(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, BOTH) as here:
        for role, other in (
            (Role.SAME_NAME_FIRST, Role.SAME_NAME_SECOND),
            (Role.NUMBER_BEFORE, Role.NUMBER_AFTER),
        ):
            await here.erased(here.person(role), *BOTH)
            request_id = await asked(here, here.person(other))
            assert not [x for x in await here.report(request_id) if x["reason"] == "left_earlier"]


async def test_an_erasure_of_cards_alone_leaves_them_to_a_person_as_long_as_calls_hang_on_them(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        before = await here.holds("xelion", person)
        body = a_request("erase", person)
        request_id = await here.carry_out(
            {**body, "scope": {"connectors": ["xelion"], "categories": ["contacts"]}}
        )
        [line] = await here.report(request_id)
        assert (line["outcome"], line["reason"]) == ("by_hand", "leads_on")
        assert "buiten dit verzoek" in line["detail"]
        assert (await here.caller().post(f"/v1/requests/{request_id}/retry")).is_success
        await here.until(request_id, "person")
        assert await here.report(request_id) == [line]
        assert await here.holds("xelion", person) == before
        whole = await here.erased(person, *BOTH)
        report = await here.report(whole)
        assert of_xelion(report, *STAYS) == await here.holds("xelion", person)
        assert of_xelion(report, "erased")["contacts"] == before["contacts"]


async def test_calls_alone_are_erased_by_themselves(tmp_path: Path) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        scope = {"connectors": ["xelion"], "categories": ["communication_metadata"]}
        request_id = await here.carry_out({**a_request("erase", person), "scope": scope})
        outcomes = {line["outcome"] for line in await here.report(request_id)}
        assert outcomes == {"anonymised", "retained"}


async def test_too_few_days_of_a_number_leave_nothing_of_the_person_behind(tmp_path: Path) -> None:
    async with indoors(tmp_path, BOTH) as here:
        person = here.person(Role.RUNNING)
        [number] = [one.number for one in person.lines]
        lately = (here.time.now() - timedelta(days=30)).date().isoformat()
        known = {"kind": "phone", "value": number, "valid_from": lately}
        body = {**a_request("erase", person, *BOTH), "subject": {"identifiers": [known]}}
        report = await here.report(await here.carry_out(body))
        assert of_xelion(report, *STAYS) == await here.holds("xelion", person)
