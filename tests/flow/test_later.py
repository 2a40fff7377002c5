"""What happens by itself after a request was answered: terms end, listings come back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from avgate_gateway.retention import AMSTERDAM
from avgate_mocks.people import Person, Role

from .harness import JsonMap, a_request
from .indoors import Indoors, indoors
from .test_by_hand import by_hand, complete, open_tasks, sounds

A_DAY = datetime(
    2026, 3, 2, 12, tzinfo=UTC
)  # on which the person with a running contract is in print


def lines_of(report: list[JsonMap], outcome: str, category: str) -> list[JsonMap]:
    return [x for x in report if (x["outcome"], x["category"]) == (outcome, category)]


def total(lines: list[JsonMap]) -> int:
    return sum(line["count"] for line in lines)


async def test_calls_that_were_kept_go_by_themselves_as_their_terms_end(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.erased(person, "xelion")
        kept = lines_of(await here.report(request_id), "retained", "communication_metadata")
        assert kept
        assert {line["ground"] for line in kept} == {"disputes"}
        assert (await here.holds("xelion", person))["communication_metadata"] == total(kept)
        first = min(date.fromisoformat(line["until"]) for line in kept)
        today = here.time.now().date()
        await here.let_pass(days=(first - today).days - 1)
        assert (await here.holds("xelion", person))["communication_metadata"] == total(kept)
        await here.let_pass(days=3)
        await here.let_pass(seconds=5)
        left = (await here.holds("xelion", person)).get("communication_metadata", 0)
        assert left < total(kept)
        await here.let_pass(days=200)
        await here.let_pass(seconds=5)
        assert "communication_metadata" not in await here.holds("xelion", person)
        report = await here.report(request_id)
        assert not [line for line in report if line["outcome"] == "retained"]
        assert await here.chain_breaks_at() is None


async def test_identifiers_are_destroyed_while_what_is_kept_still_falls_due(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        oids = await sounds(here, person)
        request_id = await here.erased(person, "xelion")
        await by_hand(here, oids)
        for task in await open_tasks(here, request_id):
            assert await complete(here, task) == 200
        await here.until(request_id, "closed")
        await here.let_pass(days=31)
        found = await here.events(request_id)
        assert "vault.subject_key_destroyed" in found
        assert "vault.retention_key_destroyed" not in found
        assert (await here.holds("xelion", person))["communication_metadata"]
        for _ in range(4):
            await here.let_pass(days=60)
        assert not await here.holds("xelion", person)
        assert "vault.retention_key_destroyed" in await here.events(request_id)
        assert await here.chain_breaks_at() is None


async def test_a_listing_that_went_is_said_to_be_unpublished_and_no_more(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "directory")
        report = await here.report(request_id)
        gone = lines_of(report, "erased", "directory_listing")
        assert gone
        assert all("niet meer gepubliceerd" in line["sentence"] for line in gone)
        assert all("naam en adres" in line["sentence"] for line in gone)


async def test_a_listing_that_comes_back_is_found_and_reported(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.erased(person, "directory")
        assert (await here.request(request_id))["state"] == "closed"
        await relist(here, person)
        await here.let_pass(hours=2)
        report = await here.report(request_id)
        assert total(lines_of(report, "returned", "directory_listing")) > 0
        open_tasks = (await here.get("/v1/tasks?state=open"))["items"]
        assert [t["reason_code"] for t in open_tasks] == ["returned"]


async def relist(here: Indoors, person: Person) -> None:
    for line in person.lines:
        answer = await here.outside.post(
            f"{here.addresses['directory']}/_feed", json={"tn": line.number}
        )
        assert answer.status_code < 300, answer.text


async def test_what_came_back_is_taken_out_again_on_retry(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.erased(person, "directory")
        scheduled = (await here.holds("directory", person)).get("directory_listing", 0)
        await relist(here, person)
        await here.let_pass(hours=2)
        assert (await here.holds("directory", person))["directory_listing"] > scheduled
        answer = await here.caller().post(f"/v1/requests/{request_id}/retry")
        assert answer.status_code == 200
        for _ in range(10):
            await here.let_pass(seconds=2)
        report = await here.report(request_id)
        assert not lines_of(report, "returned", "directory_listing")
        assert (await here.holds("directory", person)).get("directory_listing", 0) <= scheduled
        assert not (await here.get("/v1/tasks?state=open"))["items"]


async def test_a_printed_listing_is_seen_to_be_gone_when_the_next_edition_is_out(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",), begins=A_DAY) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.erased(person, "directory")
        scheduled = lines_of(await here.report(request_id), "scheduled", "directory_listing")
        assert scheduled, "on this day the person is in print"
        day = max(date.fromisoformat(line["effective_from"]) for line in scheduled)
        await here.let_pass(days=(day - here.time.now().date()).days + 3)
        report = await here.report(request_id)
        assert not lines_of(report, "scheduled", "directory_listing")
        assert not await here.holds("directory", person)


async def test_a_correction_in_print_is_seen_to_be_there_when_the_next_edition_is_out(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",), begins=A_DAY) as here:
        changes = [{"field": "address.street", "to": "Nieuwe Proefweg"}]
        body = a_request("rectify", here.person(Role.RUNNING), "directory", changes=changes)
        request_id = await here.carry_out(body)
        scheduled = lines_of(await here.report(request_id), "scheduled", "directory_listing")
        assert scheduled, "on this day the person is in print"
        day = max(date.fromisoformat(line["effective_from"]) for line in scheduled)
        await here.let_pass(days=(day - here.time.now().date()).days + 3)
        words = {line["outcome"] for line in await here.report(request_id)}
        assert not words & {"failed", "erased", "unknown"}


async def test_what_a_running_contract_kept_goes_when_its_terms_after_the_contract_end(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request("erase", person, "operator"))
        kept = lines_of(await here.report(request_id), "retained", "contact")
        assert {(line["ground"], line["until"]) for line in kept} == {("contract_runs", None)}
        await here.let_pass(days=40)
        assert (await here.holds("operator", person))["contact"] == total(kept)
        ended = await end_contract(here, person)
        await here.let_pass(days=2)
        kept = lines_of(await here.report(request_id), "retained", "contact")
        assert {line["ground"] for line in kept} == {"legal_duty"}
        assert {line["until"] for line in kept} == {ended.replace(year=ended.year + 7).isoformat()}
        await here.let_pass(days=7 * 366)
        await here.let_pass(days=1)
        assert not await here.holds("operator", person)
        assert await here.chain_breaks_at() is None


async def test_crm_data_goes_though_its_service_runs_and_the_service_stays(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person = here.person(Role.RUNNING)
        before = await here.holds("operator", person)
        assert before["crm_data"]
        request_id = await here.submit(a_request("erase", person, "operator"))
        await here.until(request_id, "approval")
        plan = await here.get(f"/v1/requests/{request_id}/plan")
        [goes] = [group for group in plan["goes"] if group["category"] == "crm_data"]
        assert goes["ground"] == "no_term"
        await here.decide(request_id)
        assert (await here.until(request_id, "closed", "person"))["state"] == "closed"
        [gone] = [x for x in await here.report(request_id) if x["category"] == "crm_data"]
        assert gone["outcome"] == "erased"
        after = await here.holds("operator", person)
        assert "crm_data" not in after
        assert after["connection_data"] == before["connection_data"]
        again = await here.carry_out(a_request("access", person, "operator"))
        assert "crm_data" not in {x["category"] for x in await here.report(again)}
        assert await here.chain_breaks_at() is None


async def end_contract(here: Indoors, person: Person) -> date:
    """Ends every service that a person has at the operator, as of today."""
    address, now = here.addresses["operator"], here.time.now()
    secret = here.world.secret("operator", "libervoice")
    made = await here.outside.post(
        f"{address}/tmf-api/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=("libervoice", secret),
    )
    headers = {"authorization": f"Bearer {made.json()['access_token']}"}
    party = await here.outside.get(
        f"{address}/tmf-api/party/v4/individual",
        params={"externalReference.name": person.customer_id},
        headers=headers,
    )
    products = await here.outside.get(
        f"{address}/tmf-api/productInventory/v4/product",
        params={"relatedParty.id": party.json()[0]["id"]},
        headers=headers,
    )
    for product in products.json():
        answer = await here.outside.patch(
            f"{address}/tmf-api/productInventory/v4/product/{product['id']}",
            json={"status": "terminated", "terminationDate": now.isoformat()},
            headers=headers,
        )
        assert answer.status_code == 200, answer.text
    return now.astimezone(AMSTERDAM).date()
