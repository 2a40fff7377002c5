from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.vocabulary import Category
from avgate_mocks import operator
from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.operator.billing import months_after
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Person, Role, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.world import World, world

SPECIFICATIONS = Path(__file__).parents[2] / "contracts" / "openapi" / "tmforum"
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
PARTY = "/party/v4/individual"
PRODUCT = "/productInventory/v4/product"
USAGE = "/usageManagement/v4/usage"
DEFINITIONS = {
    PARTY: ("TMF632-Party-v4.0.0", "Individual"),
    f"{USAGE}Specification": ("TMF635-UsageManagement-v4.0.0", "UsageSpecification"),
    USAGE: ("TMF635-UsageManagement-v4.0.0", "Usage"),
    PRODUCT: ("TMF637-ProductInventory-v4.0.0", "Product"),
}


def closed(schema: Any) -> Any:
    """The schema, refusing attributes that it does not name."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    named = schema.get("type") == "object" and "properties" in schema
    return {**inner, "additionalProperties": False} if named else inner


@cache
def validator(path: str, definition: str | None) -> Any:
    import jsonschema  # 4 s of work, which only the process that comes here is to do

    name, default = DEFINITIONS[path]
    swagger = json.loads((SPECIFICATIONS / f"{name}.swagger.json").read_text("utf-8"))
    root = {"$ref": f"#/definitions/{definition or default}"}
    return jsonschema.Draft4Validator({**root, "definitions": closed(swagger["definitions"])})


def conform(response: httpx.Response) -> None:
    """Fail unless the response is one that TM Forum's specification allows."""
    path = next((known for known in DEFINITIONS if known in response.url.path), None)
    if path is None or not response.content:
        return
    content = response.json()
    is_error = response.status_code >= 400
    for entry in content if isinstance(content, list) else [content]:
        validator(path, "Error" if is_error else None).validate(entry)
    if is_error:
        assert content["status"] == str(response.status_code)


@dataclass(frozen=True)
class Bench:
    """The mock over a real socket, and a caller for each controller; every answer is checked."""

    world: World
    callers: Mapping[str, httpx.AsyncClient]
    anyone: httpx.AsyncClient

    @property
    def libervoice(self) -> httpx.AsyncClient:
        return self.callers[LIBERVOICE]

    def role(self, role: Role) -> Person:
        return cast(self.world.people)[role]

    async def party_id(self, person: Person) -> str:
        asked = {"externalReference.name": person.customer_id}
        (found,) = (await self.callers[person.controller].get(PARTY, params=asked)).json()
        return str(found["id"])

    async def usages(self, person: Person, **filters: str) -> list[dict[str, Any]]:
        asked = {"relatedParty.id": await self.party_id(person), "limit": "1000", **filters}
        answer = await self.callers[person.controller].get(USAGE, params=asked)
        usages: list[dict[str, Any]] = answer.json()
        return usages

    async def products(self, person: Person) -> list[dict[str, Any]]:
        asked = {"relatedParty.id": await self.party_id(person)}
        answer = await self.callers[person.controller].get(PRODUCT, params=asked)
        products: list[dict[str, Any]] = answer.json()
        return products

    async def holds(self, person: Person) -> Mapping[str, int]:
        people = (await self.control("/_people")).json()["people"]
        held: Mapping[str, int] = people[person.position - 1]["holds"]
        return held

    async def effects(self) -> list[Mapping[str, Any]]:
        effects: list[Mapping[str, Any]] = (await self.control("/_ledger")).json()["effects"]
        return effects

    async def control(self, path: str, order: object = None) -> httpx.Response:
        url = self.anyone.base_url.copy_with(path=path)
        answer = await (
            self.anyone.get(url) if order is None else self.anyone.post(url, json=order)
        )
        assert answer.status_code == 200, answer.text
        return answer


async def check(response: httpx.Response) -> None:
    await response.aread()
    conform(response)


def client(base: str, token: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        base_url=base, headers=headers, verify=NO_TLS, event_hooks={"response": [check]}
    )


async def token_of(anyone: httpx.AsyncClient, shared: World, controller: str) -> str:
    secret = shared.secret("operator", controller)
    answer = await anyone.post(
        "/oauth2/token", data={"grant_type": "client_credentials"}, auth=(controller, secret)
    )
    return str(answer.json()["access_token"])


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    shared = world(seed=7, count=30, now=lambda: NOW)
    sock = bound(0)
    base = f"http://127.0.0.1:{port_of(sock)}/tmf-api"
    app = operator.build(shared, port_of(sock))
    async with served({sock: app}), client(base) as anyone:
        tokens = [await token_of(anyone, shared, name) for name in (LIBERVOICE, MISTER_VOIP)]
        async with client(base, tokens[0]) as first, client(base, tokens[1]) as second:
            yield Bench(shared, {LIBERVOICE: first, MISTER_VOIP: second}, anyone)


async def test_a_token_is_given_for_credentials_in_the_header_or_in_the_form(bench: Bench) -> None:
    credentials = {
        "client_id": LIBERVOICE,
        "client_secret": bench.world.secret("operator", LIBERVOICE),
    }
    answer = await bench.anyone.post(
        "/oauth2/token", data={"grant_type": "client_credentials", **credentials}
    )
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("grant", "secret", "status", "error"),
    [
        ("client_credentials", "wrong", 401, "invalid_client"),
        ("password", "wrong", 400, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_token_request_is_refused_as_oauth_says(
    bench: Bench, grant: str, secret: str, status: int, error: str
) -> None:
    answer = await bench.anyone.post(
        "/oauth2/token", data={"grant_type": grant}, auth=(LIBERVOICE, secret)
    )
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_without_a_token_nothing_is_shown_and_the_challenge_says_what_is_wanted(
    bench: Bench,
) -> None:
    for path in (PARTY, PRODUCT, USAGE):
        answer = await bench.anyone.get(path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_runs_out_after_five_minutes(bench: Bench) -> None:
    await bench.control("/_clock", {"advance_seconds": 299})
    assert (await bench.libervoice.get(PARTY)).status_code == 200
    await bench.control("/_clock", {"advance_seconds": 1})
    assert (await bench.libervoice.get(PARTY)).status_code == 401


async def test_a_token_that_a_fault_ends_stays_ended(bench: Bench) -> None:
    await bench.control("/_faults", {"rules": [{"fault": "token_expired"}]})
    assert [(await bench.libervoice.get(PARTY)).status_code for _ in range(2)] == [401, 401]


@pytest.mark.parametrize(
    "name", ["externalReference.name", "contactMedium.characteristic.emailAddress"]
)
async def test_a_person_is_found_by_customer_number_or_email(bench: Bench, name: str) -> None:
    person = bench.role(Role.RUNNING)
    value = person.customer_id if name.startswith("external") else person.emails[0]
    (found,) = (await bench.libervoice.get(PARTY, params={name: value})).json()
    assert found["fullName"] == person.name.full
    assert found["partyCharacteristic"][0]["value"] == person.iban


async def test_a_number_handed_on_finds_both_holders_with_their_dates(bench: Bench) -> None:
    number = bench.role(Role.NUMBER_BEFORE).lines[0].number
    asked = {"contactMedium.characteristic.phoneNumber": number}
    found = (await bench.libervoice.get(PARTY, params=asked)).json()
    periods = [
        medium["validFor"]
        for one in found
        for medium in one["contactMedium"]
        if medium["characteristic"].get("phoneNumber") == number
    ]
    assert len(periods) == 2
    assert periods[0]["endDateTime"] == periods[1]["startDateTime"]


async def test_a_product_is_found_by_the_number_of_its_sim_card(bench: Bench) -> None:
    person = bench.role(Role.NUMBER_BEFORE)
    asked = {
        "productCharacteristic.name": "iccid",
        "productCharacteristic.value": str(person.lines[1].iccid),
    }
    (found,) = (await bench.libervoice.get(PRODUCT, params=asked)).json()
    assert found["relatedParty"][0]["id"] == await bench.party_id(person)


async def test_who_is_known_elsewhere_only_is_not_here(bench: Bench) -> None:
    person = bench.role(Role.TWO_UPSTREAMS)
    answer = await bench.libervoice.get(
        PARTY, params={"externalReference.name": person.customer_id}
    )
    assert answer.json() == []
    assert await bench.holds(person) == {}


@pytest.mark.parametrize("path", [PARTY, PRODUCT, USAGE])
async def test_an_unknown_filter_is_refused_and_not_left_out(bench: Bench, path: str) -> None:
    answer = await bench.libervoice.get(path, params={"shoeSize": "44"})
    assert answer.status_code == 400
    assert "shoeSize" in answer.json()["message"]


@pytest.mark.parametrize("asked", [{"limit": "-1"}, {"offset": "x"}, {"usageDate.gt": "yesterday"}])
async def test_a_senseless_query_is_refused(bench: Bench, asked: dict[str, str]) -> None:
    assert (await bench.libervoice.get(USAGE, params=asked)).status_code == 400


async def test_each_controller_sees_and_changes_only_its_own(bench: Bench) -> None:
    ours, theirs = (bench.callers[name] for name in (LIBERVOICE, MISTER_VOIP))
    seen = {name: (await bench.callers[name].get(PARTY)).json() for name in bench.callers}
    assert {one["id"] for one in seen[LIBERVOICE]}.isdisjoint(
        one["id"] for one in seen[MISTER_VOIP]
    )
    person = bench.role(Role.ENDED)
    party, usage = await bench.party_id(person), (await bench.usages(person))[0]
    assert (await theirs.get(f"{PARTY}/{party}")).status_code == 404
    assert (await theirs.delete(f"{USAGE}/{usage['id']}")).status_code == 404
    assert (await theirs.get(USAGE, params={"relatedParty.id": party})).json() == []
    assert (await ours.get(f"{USAGE}/{usage['id']}")).status_code == 200


async def test_fifty_thousand_calls_come_in_pages_without_gap_or_double(bench: Bench) -> None:
    party, ids, total = await bench.party_id(bench.role(Role.HEAVY)), set[str](), 0
    for offset in (0, 1000, 49_000, 50_000):
        asked = {"relatedParty.id": party, "offset": str(offset), "limit": "5000", "fields": "id"}
        answer = await bench.libervoice.get(USAGE, params=asked)
        ids |= {usage["id"] for usage in answer.json()}
        total = int(answer.headers["X-Total-Count"])
    assert total > 50_000
    assert len(ids) == 3000 + total - 50_000


async def test_a_page_has_a_hundred_unless_told_and_never_more_than_a_thousand(
    bench: Bench,
) -> None:
    asked = {"relatedParty.id": await bench.party_id(bench.role(Role.HEAVY))}
    counts = [
        (await bench.libervoice.get(USAGE, params={**asked, **more})).headers["X-Result-Count"]
        for more in ({}, {"limit": "9999"})
    ]
    assert counts == ["100", "1000"]


async def test_a_list_over_all_people_has_everyone_once(bench: Bench) -> None:
    asked = {"usageType": "voicemail", "limit": "7"}
    seen: list[str] = []
    while page := (
        await bench.libervoice.get(USAGE, params={**asked, "offset": str(len(seen))})
    ).json():
        seen.extend(usage["id"] for usage in page)
    everyone = bench.world.known_to("operator", LIBERVOICE)
    expected = sum([len(await bench.usages(person, usageType="voicemail")) for person in everyone])
    assert len(seen) == len(set(seen)) == expected


async def test_usages_of_a_time_are_those_and_no_others(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    dates = sorted(u["usageDate"] for u in await bench.usages(person) if "-c" in u["id"])
    asked = {"usageDate.gte": dates[3], "usageDate.lt": dates[9]}
    found = [u["usageDate"] for u in await bench.usages(person, **asked) if "-c" in u["id"]]
    assert found == dates[3:9]
    asked = {"usageDate.gt": dates[3], "usageDate.lte": dates[9]}
    found = [u["usageDate"] for u in await bench.usages(person, **asked) if "-c" in u["id"]]
    assert found == dates[4:10]


async def test_types_and_states_divide_the_usages(bench: Bench) -> None:
    person = bench.role(Role.NUMBER_BEFORE)
    whole = await bench.usages(person)
    for name, values in (
        ("usageType", ("voice", "mobile", "internet", "voicemail", "recording")),
        ("status", ("received", "rated", "billed")),
    ):
        parts = [u["id"] for v in values for u in await bench.usages(person, **{name: v})]
        assert sorted(parts) == sorted(u["id"] for u in whole)


async def test_calls_on_a_number_handed_on_stay_with_who_held_it_then(bench: Bench) -> None:
    before, after = bench.role(Role.NUMBER_BEFORE), bench.role(Role.NUMBER_AFTER)
    day = before.lines[0].held.end
    assert day is not None
    number = before.lines[0].number
    for person, is_theirs in ((before, str.__lt__), (after, str.__ge__)):
        moments = [u["usageDate"] for u in await bench.usages(person) if number in json.dumps(u)]
        assert moments
        assert all(is_theirs(at, day.isoformat()) for at in moments)


async def test_a_selection_of_fields_keeps_id_and_address(bench: Bench) -> None:
    answer = await bench.libervoice.get(PRODUCT, params={"fields": "status", "limit": "1"})
    assert answer.json()[0].keys() == {"id", "href", "status"}


async def test_a_patch_changes_what_it_names_and_the_full_name_with_it(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    url = f"{PARTY}/{await bench.party_id(person)}"
    patched = await bench.libervoice.patch(
        url, json={"familyName": "Wiśniewska", "familyNamePrefix": None}
    )
    assert patched.status_code == 200
    read = (await bench.libervoice.get(url)).json()
    assert read == patched.json()
    assert read["fullName"] == f"{person.name.given} Wiśniewska"
    assert read["contactMedium"]
    (effect,) = await bench.effects()
    assert (effect["kind"], effect["subject"], effect["status"]) == ("change", person.id, 200)


async def test_a_changed_number_is_found_and_the_old_one_is_not(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    url = f"{PARTY}/{await bench.party_id(person)}"
    medium = {"mediumType": "telephone number", "characteristic": {"phoneNumber": "+31201111111"}}
    await bench.libervoice.patch(url, json={"contactMedium": [medium]})
    name = "contactMedium.characteristic.phoneNumber"
    found = [
        len((await bench.libervoice.get(PARTY, params={name: number})).json())
        for number in ("+31201111111", person.lines[0].number)
    ]
    assert found == [1, 0]


async def test_a_patch_that_changes_nothing_is_no_effect(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    url = f"{PARTY}/{await bench.party_id(person)}"
    answer = await bench.libervoice.patch(url, json={"givenName": person.name.given})
    assert answer.status_code == 200
    assert await bench.effects() == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"id": "x"}',
        b'{"shoeSize": 44}',
        b'{"contactMedium": "x"}',
        b'{"status": "gone"}',
    ],
)
async def test_a_patch_that_makes_no_sense_is_refused(bench: Bench, body: bytes) -> None:
    url = f"{PARTY}/{await bench.party_id(bench.role(Role.RUNNING))}"
    assert (await bench.libervoice.patch(url, content=body)).status_code == 400
    assert await bench.effects() == []


async def test_a_bank_account_is_removed_by_a_patch(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    url = f"{PARTY}/{await bench.party_id(person)}"
    await bench.libervoice.patch(url, json={"partyCharacteristic": []})
    assert Category.FINANCIAL not in await bench.holds(person)


async def test_a_person_with_an_active_product_cannot_be_deleted(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    answer = await bench.libervoice.delete(f"{PARTY}/{await bench.party_id(person)}")
    assert (answer.status_code, answer.json()["code"]) == (409, "hasActiveProducts")
    assert await bench.effects() == []


async def test_an_active_product_cannot_be_deleted_until_it_is_terminated(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    url = f"{PRODUCT}/{(await bench.products(person))[0]['id']}"
    refused = await bench.libervoice.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "productActive")
    end = {"status": "terminated", "terminationDate": "2026-03-31T00:00:00Z"}
    await bench.libervoice.patch(url, json=end)
    assert (await bench.libervoice.delete(url)).status_code == 204


async def test_a_billed_call_cannot_be_deleted_until_its_bill_is_beyond_dispute(
    bench: Bench,
) -> None:
    person = bench.role(Role.RUNNING)
    latest = (await bench.usages(person, status="billed"))[-1]
    refused = await bench.libervoice.delete(f"{USAGE}/{latest['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "usageBilled")
    until = months_after(datetime.fromisoformat(latest["usageDate"]), 6)
    assert until.strftime("%Y-%m-%dT%H:%M:%SZ") in refused.json()["message"]
    await bench.control("/_clock", {"now": until.isoformat()})
    token = await token_of(bench.anyone, bench.world, LIBERVOICE)
    answer = await bench.libervoice.delete(
        f"{USAGE}/{latest['id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 204


async def test_a_call_under_dispute_stays_whatever_its_age(bench: Bench) -> None:
    person = bench.world.people[10]
    caller = bench.callers[person.controller]
    statuses = [
        (await caller.delete(f"{USAGE}/{usage['id']}")).json()["code"]
        for usage in await bench.usages(person, status="billed")
        if "isUnderDispute" in json.dumps(usage)
    ]
    assert set(statuses) == {"usageUnderDispute"}


async def test_an_unbilled_call_is_deleted_once(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    before = await bench.holds(person)
    url = f"{USAGE}/{(await bench.usages(person, status='rated'))[0]['id']}"
    assert [(await bench.libervoice.delete(url)).status_code for _ in range(2)] == [204, 404]
    after = await bench.holds(person)
    assert after["communication_metadata"] == before["communication_metadata"] - 1
    assert [effect["kind"] for effect in await bench.effects()] == ["delete"]


async def test_a_deletion_whose_answer_was_lost_is_answered_when_it_comes_again(
    bench: Bench,
) -> None:
    url = f"{USAGE}/{(await bench.usages(bench.role(Role.RUNNING), status='rated'))[0]['id']}"
    await bench.control("/_faults", {"rules": [{"fault": "answer_lost", "method": "DELETE"}]})
    key = {"Idempotency-Key": "k1"}
    with pytest.raises(httpx.RemoteProtocolError):
        await bench.libervoice.delete(url, headers=key)
    assert (await bench.libervoice.delete(url, headers=key)).status_code == 204
    assert len(await bench.effects()) == 1


async def test_a_key_with_another_body_is_refused(bench: Bench) -> None:
    url = f"{PARTY}/{await bench.party_id(bench.role(Role.RUNNING))}"
    statuses = [
        (
            await bench.libervoice.patch(
                url, json={"givenName": name}, headers={"Idempotency-Key": "k"}
            )
        )
        for name in ("Anna", "Hanna")
    ]
    assert [answer.status_code for answer in statuses] == [200, 400]


async def test_a_voicemail_is_downloaded_and_gone_with_its_usage(bench: Bench) -> None:
    (usage, *_) = await bench.usages(bench.role(Role.RUNNING), usageType="voicemail")
    audio = next(c["value"] for c in usage["usageCharacteristic"] if c["name"] == "audio")
    sound = await bench.libervoice.get(audio["href"])
    assert len(sound.content) == audio["sizeBytes"]
    assert sound.content[:4] == b"RIFF"
    assert int.from_bytes(sound.content[4:8], "little") == audio["sizeBytes"] - 8
    await bench.libervoice.delete(f"{USAGE}/{usage['id']}")
    assert (await bench.libervoice.get(audio["href"])).status_code == 404


async def test_a_person_whose_services_ended_can_be_erased_to_the_last_item(bench: Bench) -> None:
    person = bench.role(Role.ENDED)
    caller = bench.libervoice
    party = await bench.party_id(person)
    addresses = [
        *(f"{USAGE}/{usage['id']}" for usage in await bench.usages(person)),
        *(f"{PRODUCT}/{product['id']}" for product in await bench.products(person)),
        f"{PARTY}/{party}",
    ]
    assert await bench.holds(person)
    assert {(await caller.delete(address)).status_code for address in addresses} == {204}
    assert await bench.holds(person) == {}
    assert {effect["subject"] for effect in await bench.effects()} == {person.id}


async def test_what_is_held_is_what_the_lists_show(bench: Bench) -> None:
    for person in bench.world.known_to("operator")[:12]:
        held = await bench.holds(person)
        shown = await bench.usages(person, usageType="voicemail")
        assert held.get("voicemail", 0) == len(shown)
        lines = [
            p
            for p in await bench.products(person)
            if p["productSpecification"]["id"] in ("voice", "mobile")
        ]
        assert held["contact"] == 1 + len(lines)
        assert held["contacts"] == person.volume.contacts
        assert held["reach_configuration"] == held["financial"] == 1


async def test_every_resource_conforms_to_its_specification(bench: Bench) -> None:
    for caller in bench.callers.values():
        for path in (PARTY, PRODUCT, USAGE):
            answer = await caller.get(path, params={"limit": "1000"})  # checked as it comes in
            assert int(answer.headers["X-Result-Count"]) > 0


async def test_an_unknown_path_and_method_are_refused_in_the_words_of_the_dialect(
    bench: Bench,
) -> None:
    answers = [await bench.libervoice.get(f"{PARTY}/x/y"), await bench.libervoice.post(USAGE)]
    assert [answer.json()["code"] for answer in answers] == ["notFound", "methodNotAllowed"]


async def test_a_nasty_mood_is_survived_by_who_tries_again(bench: Bench) -> None:
    await bench.control("/_faults", {"mood": "nasty"})
    seen = set[int]()
    plain = httpx.AsyncClient(base_url=bench.anyone.base_url, timeout=0.3, verify=NO_TLS)
    async with plain:
        for _ in range(60):
            try:
                seen.add((await plain.get(PARTY)).status_code)
            except httpx.TransportError:
                seen.add(0)
    assert {0, 401, 500} <= seen


def test_the_written_configuration_reaches_the_mock_for_both_controllers() -> None:
    shared = world(seed=7, now=lambda: NOW)
    written = tomllib.loads(gateway_config(shared, {"operator": operator}, {"operator": 9100}))
    assert written["database"] == "sqlite:///avgate.db"
    for name, pack in ((LIBERVOICE, "libervoice-2019"), (MISTER_VOIP, "mister-voip-2019")):
        controller = written["controllers"][name]
        assert controller["retention"] == pack
        assert controller["connectors"]["operator"] == {
            "base_url": "http://127.0.0.1:9100/tmf-api",
            "client_id": name,
            "client_secret": shared.secret("operator", name),
        }


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2027-08-31", 6, "2028-02-29"),
    ],
)
def test_months_end_where_the_calendar_ends(start: str, months: int, end: str) -> None:
    assert months_after(datetime.fromisoformat(start), months) == datetime.fromisoformat(end)


def test_the_days_of_a_mock_are_those_of_its_people() -> None:
    shared = world(seed=7, now=lambda: NOW + timedelta(hours=11, minutes=59))
    assert shared.as_of == NOW.date()


async def test_answers_name_the_media_type_of_the_specification(bench: Bench) -> None:
    answers = [await bench.libervoice.get(PARTY), await bench.libervoice.get(f"{PARTY}/nobody")]
    kinds = {answer.headers["Content-Type"] for answer in answers}
    assert kinds == {"application/json;charset=utf-8"}


async def test_an_individual_is_created_found_and_deleted(bench: Bench) -> None:
    sent = {"givenName": "Noor", "familyNamePrefix": "de", "familyName": "Wit"}
    made = await bench.libervoice.post(PARTY, json=sent)
    assert made.status_code == 201
    assert made.json().items() >= {**sent, "fullName": "Noor de Wit"}.items()
    where = made.headers["Location"]
    assert where == made.json()["href"]
    assert (await bench.libervoice.get(where)).json() == made.json()
    assert (await bench.callers[MISTER_VOIP].get(where)).status_code == 404
    assert (await bench.libervoice.delete(where)).status_code == 204
    assert [effect["kind"] for effect in await bench.effects()] == ["create", "delete"]
    assert (await bench.control("/_people")).status_code == 200


async def test_a_product_without_a_specification_is_listed_and_counted_nowhere(
    bench: Bench,
) -> None:
    person = bench.role(Role.RUNNING)
    before = await bench.holds(person)
    party = {"id": await bench.party_id(person), "@referredType": "Individual"}
    sent = {"status": "created", "relatedParty": [party]}
    assert (await bench.libervoice.post(PRODUCT, json=sent)).status_code == 201
    assert await bench.holds(person) == before


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (PARTY, {"givenName": "Noor"}),
        (PARTY, {"givenName": 5, "familyName": "Wit"}),
        (PARTY, {"givenName": "A", "familyName": "B", "contactMedium": [{"mediumType": 5}]}),
        (PARTY, {"givenName": "A", "familyName": "B", "birthDate": "yesterday"}),
        (PARTY, {"givenName": "A", "familyName": "B", "@schemaLocation": ""}),
        (PARTY, {"givenName": "A", "familyName": "B", "status": "happy"}),
        (PRODUCT, {"status": "running"}),
        (PRODUCT, {"status": "created", "relatedParty": [{"name": "without an id"}]}),
    ],
)
async def test_what_the_specification_does_not_allow_is_refused(
    bench: Bench, path: str, sent: dict[str, object]
) -> None:
    answer = await bench.libervoice.post(path, json=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidRequest")
    assert await bench.effects() == []


async def test_a_patch_of_another_kind_than_merge_patch_is_refused(bench: Bench) -> None:
    path = f"{PARTY}/{await bench.party_id(bench.role(Role.RUNNING))}"
    patch = json.dumps({"gender": "x"}).encode()
    seen = {
        kind: (
            await bench.libervoice.patch(path, content=patch, headers={"Content-Type": kind})
        ).status_code
        for kind in ("application/merge-patch+json", "application/json;charset=utf-8", "text/plain")
    }
    assert list(seen.values()) == [200, 200, 400]


@pytest.mark.parametrize("query", ["limit=" + "9" * 5000, "offset=-1", "id=a&id=b", "colour=red"])
async def test_a_query_that_cannot_be_meant_is_refused(bench: Bench, query: str) -> None:
    assert (await bench.libervoice.get(f"{PARTY}?{query}")).status_code == 400


async def test_a_date_at_the_end_of_time_breaks_nothing(bench: Bench) -> None:
    asked = {"usageDate.gt": "9999-12-31T23:59:59Z"}
    assert (await bench.libervoice.get(USAGE, params=asked)).status_code == 400


async def test_there_are_no_organisations_and_five_specifications_of_usages(
    bench: Bench,
) -> None:
    firms = await bench.libervoice.get("/party/v4/organization")
    about = await bench.libervoice.get(f"{USAGE}Specification")
    assert firms.json() == []
    assert (firms.headers["X-Total-Count"], about.headers["X-Total-Count"]) == ("0", "5")
    one = about.json()[0]
    assert (await bench.libervoice.get(one["href"])).json() == one
    assert (await bench.libervoice.get("/party/v4/organization/x")).status_code == 404


async def test_a_token_that_ran_out_is_never_given_again(bench: Bench) -> None:
    shared = bench.world
    first = await token_of(bench.anyone, shared, LIBERVOICE)
    await bench.control("/_faults", {"rules": [{"fault": "token_expired"}]})
    bearer = {"Authorization": f"Bearer {first}"}
    assert (await bench.anyone.get(PARTY, headers=bearer)).status_code == 401
    assert await token_of(bench.anyone, shared, LIBERVOICE) != first


@dataclass
class Listener:
    """What was posted to a callback, in turn."""

    address: str
    events: asyncio.Queue[dict[str, Any]]


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    sock = bound(0)
    listener = Listener(f"http://127.0.0.1:{port_of(sock)}/listener", asyncio.Queue())

    async def take(request: Request) -> Response:
        await listener.events.put(await request.json())
        return Response(status_code=201)

    async with served({sock: Starlette(routes=[Route("/listener", take, methods=["POST"])])}):
        yield listener


async def test_a_listener_is_told_what_happens_until_it_unregisters(bench: Bench) -> None:
    person = bench.role(Role.RUNNING)
    path = f"{PARTY}/{await bench.party_id(person)}"
    hub = "/party/v4/hub"
    async with listening() as listener:
        wanted = {"callback": listener.address}
        made = await bench.libervoice.post(hub, json=wanted)
        assert (made.status_code, made.json()["callback"]) == (201, listener.address)
        assert made.headers["Location"].endswith(f"/hub/{made.json()['id']}")
        assert (await bench.libervoice.post(hub, json=wanted)).status_code == 409
        changed = (await bench.libervoice.patch(path, json={"gender": "x"})).json()
        event = await asyncio.wait_for(listener.events.get(), 5)
        own = f"{hub}/{made.json()['id']}"
        assert (await bench.callers[MISTER_VOIP].delete(own)).status_code == 404
        assert (await bench.libervoice.delete(own)).status_code == 204
        assert (await bench.libervoice.delete(own)).status_code == 404
    validator(PARTY, "IndividualAttributeValueChangeEvent").validate(event)
    assert event["eventType"] == "IndividualAttributeValueChangeEvent"
    assert event["event"]["individual"] == changed


async def test_a_listener_hears_only_the_events_it_asked_for(bench: Bench) -> None:
    ended = bench.role(Role.ENDED)
    usage = next(u for u in await bench.usages(ended) if u["usageType"] == "voicemail")
    async with listening() as listener:
        wanted = {"callback": listener.address, "query": "eventType=UsageDeleteEvent"}
        for api in ("/party/v4", "/usageManagement/v4"):
            await bench.libervoice.post(f"{api}/hub", json=wanted)
        everything = {"callback": listener.address}  # and of another controller's people nothing
        await bench.callers[MISTER_VOIP].post("/party/v4/hub", json=everything)
        path = f"{PARTY}/{await bench.party_id(ended)}"
        await bench.libervoice.patch(path, json={"gender": "x"})
        await bench.libervoice.delete(usage["href"])
        event = await asyncio.wait_for(listener.events.get(), 5)
    assert event["eventType"] == "UsageDeleteEvent"
    assert event["event"]["usage"] == usage
    assert listener.events.empty()


@pytest.mark.parametrize("sent", [{}, {"callback": 5}, {"callback": "ftp://x"}, [], "x"])
async def test_a_subscription_without_a_usable_callback_is_refused(
    bench: Bench, sent: object
) -> None:
    answer = await bench.libervoice.post("/party/v4/hub", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidRequest")


async def test_a_deletion_is_answered_with_the_media_type_and_nothing_else(bench: Bench) -> None:
    new = {"givenName": "Ada", "familyName": "Proef"}
    made = (await bench.libervoice.post(PARTY, json=new)).json()
    hub = {"callback": "http://127.0.0.1:9/told"}
    listener = (await bench.libervoice.post("/party/v4/hub", json=hub)).json()
    (usage,) = (await bench.libervoice.get(USAGE, params={"status": "rated", "limit": 1})).json()
    paths = (f"{PARTY}/{made['id']}", f"/party/v4/hub/{listener['id']}", f"{USAGE}/{usage['id']}")
    for path in paths:
        answer = await bench.libervoice.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Content-Type"] == "application/json;charset=utf-8"


async def test_a_resource_that_is_sent_back_as_it_was_read_is_taken(bench: Bench) -> None:
    for path in (PARTY, PRODUCT):
        (found,) = (await bench.libervoice.get(path, params={"limit": 1})).json()
        answer = await bench.libervoice.patch(f"{path}/{found['id']}", json=found)
        assert (answer.status_code, answer.json()) == (200, found)
    assert await bench.effects() == []


async def test_a_token_request_without_a_grant_is_called_invalid(bench: Bench) -> None:
    answer = await bench.anyone.post("/oauth2/token", auth=(LIBERVOICE, "any"))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
