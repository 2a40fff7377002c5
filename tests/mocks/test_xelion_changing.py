"""Cards of the mock of Xelion are changed, made and taken away."""

from __future__ import annotations

import pytest

from avgate_mocks.people import MISTER_VOIP, Role, cast

from .xelion_api import code, oid_of, replaced, xelion


async def test_patch_changes_an_addressable_and_answers_nothing() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/addressables/{oid_of(api, Role.RUNNING)}"
        line = (await api.one(path))["telecomAddresses"][0]["oid"]
        answer = await api.patch(
            path,
            replaced("/familyName", "Jansen"),
            replaced(f"/telecomAddresses/{line}/address", "+31201234567"),
            {"op": "add", "path": "/employments/1", "value": "1600000"},
            replaced("/employments/1/jobTitle", "monteur"),
        )
        after = await api.one(path)
        effects = await api.effects()
    assert (answer.status_code, answer.content) == (200, b"")
    assert after["commonName"].endswith("Jansen")
    assert after["telecomAddresses"][0]["address"] == "+31201234567"
    assert after["employments"][0]["jobTitle"] == "monteur"
    assert after["employments"][0]["oid"] != "1", "a virtual OID is replaced"
    assert effects == [("change", cast(api.world.people)[Role.RUNNING].id)]


async def test_a_bare_array_of_operations_is_accepted_too_and_half_a_patch_is_none() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/addressables/{oid_of(api, Role.RUNNING)}"
        bad = [replaced("/title", "ir."), replaced("/oid", "1")]
        assert code(await api.call("PATCH", path, json=bad)) == (400, 10202)
        assert (await api.one(path))["title"] == ""
        assert (await api.call("PATCH", path, json=bad[:1])).status_code == 200
        assert (await api.one(path))["title"] == "ir."


async def test_letters_beyond_windows_1252_are_lost() -> None:
    async with xelion(tenant=MISTER_VOIP) as api:
        await api.login()
        path = f"/addressables/{oid_of(api, Role.BEYOND_WINDOWS_1252)}"
        assert (await api.one(path))["givenName"] == "Gül?en"
        await api.patch(path, replaced("/familyName", "Müller-Łęcki €"))
        assert (await api.one(path))["familyName"] == "Müller-??cki €"
        assert code(await api.patch(path, replaced("/comment", "x" * 4001))) == (400, 10202)


async def test_put_writes_what_says_it_was_modified_and_answers_the_object() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/addressables/{oid_of(api, Role.RUNNING)}"
        content = {**await api.one(path), "title": "dr."}
        unmarked = await api.call("PUT", path, json=content)
        marked = await api.call("PUT", path, json={**content, "changeType": "Modified"})
    assert unmarked.json()["object"]["title"] == ""
    assert marked.json()["object"]["title"] == "dr."


async def test_create_splits_a_name_and_a_deleted_contact_is_gone_for_good() -> None:
    async with xelion() as api:
        await api.login()
        person = cast(api.world.people)[Role.RUNNING]
        line = {"address": person.lines[0].number, "addressType": "Telephone"}
        body = {
            "objectType": "Person",
            "familyName": "Jan van den Berg",
            "telecomAddresses": [line],
        }
        assert code(await api.call("POST", "/addressables", json={**body, "objectType": "X"})) == (
            400,
            10203,
        )
        made = (await api.call("POST", "/addressables", json=body)).json()["object"]
        held = (await api.holds(Role.RUNNING))["contacts"]
        gone = await api.call("DELETE", f"/addressables/{made['oid']}")
        again = await api.call("DELETE", f"/addressables/{made['oid']}")
        effects = await api.effects()
        left = (await api.holds(Role.RUNNING))["contacts"]
    names = (made["givenName"], made["namePrefix"], made["familyName"], made["commonName"])
    assert names == ("Jan", "van den", "Berg", "Jan van den Berg")
    assert (gone.status_code, gone.content) == (204, b"")
    assert code(again) == (404, 10100)
    assert effects == [("create", person.id), ("delete", person.id)]
    assert left == held - 1


async def test_what_follows_from_an_attribute_changes_with_it() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/addressables/{oid_of(api, Role.RUNNING)}"
        line = (await api.one(path))["telecomAddresses"][0]["oid"]
        await api.patch(
            path,
            replaced("/givenName", "Zoë"),
            replaced(f"/telecomAddresses/{line}/address", "nieuw@example.nl"),
        )
        card = await api.one(path)
        await api.patch(path, replaced("/initials", "X.Y."), replaced("/givenName", "Anna"))
        own = await api.one(path)
    assert card["initials"] == "Z."
    assert card["commonName"].startswith("Zoë ")
    assert card["telecomAddresses"][0]["commonName"] == "nieuw@example.nl"
    assert own["initials"] == "X.Y."


async def test_the_same_change_again_is_no_second_effect() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/communications/{(await api.rows('/communications', limit=1))[0]['oid']}"
        nobody = [{"role": "rtFrom", "commonName": "", "address": ""}]
        for _ in range(2):
            await api.patch(path, replaced("/participants", nobody), replaced("/subject", ""))
        effects = await api.effects()
    assert [kind for kind, _ in effects] == ["anonymise"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/packetsLogs", [5]),
        ("/participants", [{"addressable": "x"}]),
        ("/participants", [{"addressable": {"oid": []}}]),
        ("/participants", [5]),
        ("/contents", {"a": []}),
    ],
)
async def test_a_strange_value_breaks_nothing(path: str, value: object) -> None:
    async with xelion() as api:
        await api.login()
        log = f"/communications/{(await api.rows('/communications', limit=1))[0]['oid']}"
        assert (await api.patch(log, replaced(path, value))).status_code in {200, 400}
        for again in (log, "/communications", "/communications/recent"):
            assert (await api.call("GET", again)).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        {"objectType": []},
        {"objectType": "Person", "telecomAddresses": "x"},
        {"objectType": "Person", "employments": [5]},
    ],
)
async def test_a_card_that_is_none_is_refused(content: dict[str, object]) -> None:
    async with xelion() as api:
        await api.login()
        answer = await api.call("POST", "/addressables", json=content)
    assert answer.status_code == 400
    assert answer.json()["errorCode"] in {10202, 10203}


async def test_every_person_has_every_attribute_of_a_person() -> None:
    async with xelion() as api:
        await api.login()
        people = await api.rows("/addressables", where="obj_type=Person", limit=100)
        shown = [await api.one(f"/addressables/{each['oid']}") for each in people]
        body = {"objectType": "Person", "familyName": "Ada Proef"}
        made = (await api.call("POST", "/addressables", json=body)).json()["object"]
    assert {frozenset(each) for each in shown} == {frozenset(made)}


async def test_what_is_added_to_a_card_gets_all_that_its_kind_has() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/addressables/{oid_of(api, Role.RUNNING)}"
        before = await api.one(path)
        reached = {"op": "add", "path": "/telecomAddresses/1", "value": {"address": "a@b.example"}}
        lives = {"op": "add", "path": "/addresses/2", "value": {"city": "Delft"}}
        await api.patch(path, reached, lives)
        after = await api.one(path)
    for relation in ("telecomAddresses", "addresses"):
        known, added = before[relation][0], after[relation][-1]
        assert added.keys() == known.keys()
        assert added["objectType"] == known["objectType"]
    places = [line["orderNumber"] for line in after["telecomAddresses"]]
    assert places == list(range(len(places)))
