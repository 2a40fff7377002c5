"""What lists of the mock of Xelion show, and where they end."""

from __future__ import annotations

from datetime import datetime

from avgate_mocks.people import Role, cast

from .xelion_api import code, oid_of, replaced, xelion


async def test_every_page_that_holds_anything_offers_a_next_one_even_if_that_is_empty() -> None:
    async with xelion() as api:
        await api.login()
        assert len(await api.rows("/addressables")) == 15, "the limit where none is given"
        after, seen = "0", []
        while True:
            answer = await api.call("GET", "/addressables", params={"after": after, "limit": 12})
            body = answer.json()
            if not body["data"]:
                break
            seen += [row["object"]["oid"] for row in body["data"]]
            after = body["meta"]["paging"]["nextId"]
            assert after == seen[-1]
            assert "next" in {link["rel"] for link in body["meta"]["links"]}
        assert body["meta"]["paging"] == {}
        assert len(seen) == len(set(seen)) > 30


async def test_lists_by_most_recent_use_are_not_paged() -> None:
    async with xelion() as api:
        await api.login()
        answer = await api.call("GET", "/addressables", params={"order_by": "mru"})
        assert {link["rel"] for link in answer.json()["meta"]["links"]} == {"refresh"}


async def test_addressables_are_found_by_name_and_two_people_share_one() -> None:
    async with xelion() as api:
        await api.login()
        first = cast(api.world.people)[Role.SAME_NAME_FIRST]
        found = await api.rows("/addressables", name=first.name.full, where="obj_type=Person")
        by_number = await api.rows("/addressables", name=first.lines[0].number)
    oids = {oid_of(api, Role.SAME_NAME_FIRST), oid_of(api, Role.SAME_NAME_SECOND)}
    assert oids <= {each["oid"] for each in found}
    assert by_number == []


async def test_a_number_that_was_handed_on_is_an_object_of_its_own() -> None:
    async with xelion() as api:
        await api.login()
        before = cast(api.world.people)[Role.NUMBER_BEFORE]
        unknown = await api.rows("/addressables", where="obj_type=UnknownAddressable", limit=100)
        number = before.lines[0].number
        (one,) = [each for each in unknown if each["commonName"] == number]
        dates = [datetime.fromisoformat(c["date"]) for c in await api.everything_with(one["oid"])]
        answer = await api.call("DELETE", f"/addressables/{one['oid']}")
    handover = before.lines[0].held.end
    assert handover is not None
    assert min(dates).date() < handover <= max(dates).date(), "calls of both holders"
    assert code(answer) == (403, 10101)


async def test_the_inbox_has_the_newest_communication_of_each_contact() -> None:
    async with xelion() as api:
        await api.login()
        rows = await api.rows("/communications/recent", period=365, limit=5)
        answer = await api.call("GET", "/communications/recent", params={"limit": 1})
        more = next(x["href"] for x in answer.json()["meta"]["links"] if x["rel"] == "next")
        later = (await api.client.get(more, headers=api.headers)).json()["data"]
        long_ago = await api.rows("/communications/recent", before="2001-01-01")
    contacts = [row["associatedAddressable"]["oid"] for row in rows]
    dates = [row["date"] for row in rows]
    assert len(set(contacts)) == len(contacts) == 5
    assert dates == sorted(dates, reverse=True)
    assert later[0]["object"]["date"] < answer.json()["data"][0]["object"]["date"]
    assert long_ago == []


async def test_every_list_of_an_installation_comes_to_an_end() -> None:
    names = ("users", "licenses", "phonelines", "lists", "channels", "phones", "wallboards")
    async with xelion() as api:
        await api.login()
        for name in names:
            seen: list[str] = []
            while rows := await api.rows(f"/{name}", limit=2, after=seen[-1] if seen else 0):
                seen += [row["oid"] for row in rows]
            assert seen == sorted(set(seen)), name
        lines = [row["oid"] for row in await api.rows("/phonelines")]
        assert (await api.rows("/phonelines", before=lines[2], limit=1))[0]["oid"] == lines[1]
        assert [row["userName"] for row in await api.rows("/users")] == ["avgate"]
        assert await api.rows("/users", where="userName=nobody") == []


async def test_a_contact_joins_a_list_and_leaves_it() -> None:
    async with xelion() as api:
        await api.login()
        made = (await api.call("POST", "/lists", json={"commonName": "Feest"})).json()["object"]
        path = f"/lists/{made['oid']}"
        added = {"op": "add", "path": "/elements/v1", "value": oid_of(api, Role.RUNNING)}
        await api.patch(path, added)
        (element,) = (await api.one(path))["elements"]
        await api.patch(path, {"op": "remove", "path": f"/elements/{element['oid']}"})
        left = (await api.one(path))["elements"]
    assert element["element"]["oid"] == oid_of(api, Role.RUNNING)
    assert left == []


async def test_a_row_shows_the_first_way_to_reach_somebody_by_itself() -> None:
    async with xelion() as api:
        await api.login()
        rows = await api.rows("/addressables", limit=100)
    assert all(row["telecomAddress"] == row["telecomAddresses"][0] for row in rows)


async def test_a_job_is_shown_under_the_present_name_of_the_firm() -> None:
    async with xelion() as api:
        await api.login()
        (firm,) = await api.rows("/addressables", where="obj_type=Organisation", limit=1)
        path = f"/addressables/{oid_of(api, Role.RUNNING)}"
        await api.patch(path, {"op": "add", "path": "/employments/1", "value": firm["oid"]})
        await api.patch(f"/addressables/{firm['oid']}", replaced("/name", "Proefbedrijf"))
        (job,) = (await api.one(path))["employments"]
    reference = {"oid": firm["oid"], "objectType": "Organisation", "commonName": "Proefbedrijf"}
    assert (job["commonName"], job["organisation"]) == ("Proefbedrijf", reference)


async def test_recent_communications_show_a_contact_and_the_last_that_passed() -> None:
    async with xelion() as api:
        await api.login()
        (row,) = await api.rows("/communications/recent", limit=1, period=3000)
        last = row["lastCommunication"]
        detail = await api.one(f"/communications/{last['oid']}")
    assert row["addressable"] == {**detail["associatedAddressable"], "iconId": None}
    assert last == {name: detail[name] for name in last}
    assert {"status", "date", "durationSec", "voicemail"} <= last.keys()
    assert "participants" not in last
