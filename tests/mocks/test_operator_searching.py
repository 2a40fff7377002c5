"""By what the mock of Operator finds people, products and usages, and how its lists are cut into pages."""

from __future__ import annotations

import json

import pytest

from avgate_mocks.people import LIBERVOICE, Role

from .operator_bench import (
    PARTY,
    PRODUCT,
    USAGE,
    Bench,
)


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


async def test_a_product_without_a_specification_is_listed_and_counted_nowhere(
    bench: Bench,
) -> None:
    person = bench.role(Role.RUNNING)
    before = await bench.holds(person)
    party = {"id": await bench.party_id(person), "@referredType": "Individual"}
    sent = {"status": "created", "relatedParty": [party]}
    assert (await bench.libervoice.post(PRODUCT, json=sent)).status_code == 201
    assert await bench.holds(person) == before


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
