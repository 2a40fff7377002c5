"""What the mock of Operator lets be made and patched."""

from __future__ import annotations

import json

import pytest

from avgate_contracts.vocabulary import Category
from avgate_mocks.people import MISTER_VOIP, Role

from .operator_bench import (
    PARTY,
    PRODUCT,
    Bench,
)


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


async def test_a_resource_that_is_sent_back_as_it_was_read_is_taken(bench: Bench) -> None:
    for path in (PARTY, PRODUCT):
        (found,) = (await bench.libervoice.get(path, params={"limit": 1})).json()
        answer = await bench.libervoice.patch(f"{path}/{found['id']}", json=found)
        assert (answer.status_code, answer.json()) == (200, found)
    assert await bench.effects() == []
