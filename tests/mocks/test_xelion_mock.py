from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import HEAVY_CALLS, LIBERVOICE, MISTER_VOIP, Role, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.world import World, world
from avgate_mocks.xelion import Habits, build

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def calm() -> World:
    return world(seed=1, now=lambda: NOW)


class Api:
    """A caller of one tenant, over a real socket."""

    def __init__(self, client: httpx.AsyncClient, shared: World, tenant: str = LIBERVOICE) -> None:
        self.client = client
        self.world = shared
        self.tenant = tenant
        self.headers: dict[str, str] = {}

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        url = f"/api/v1/{self.tenant}{path}"
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.request(method, url, headers=headers, **more)

    async def login(self, space: str = "tests", **more: Any) -> httpx.Response:
        password = self.world.secret("xelion", self.tenant)
        body = {"userName": "avgate", "password": password, "userSpace": space, **more}
        answer = await self.call("POST", "/me/login", json=body)
        if answer.status_code == 200:
            self.headers = {"Authorization": f"xelion {answer.json()['authentication']}"}
        return answer

    async def rows(self, path: str, **params: str | int) -> list[dict[str, Any]]:
        answer = await self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return [row["object"] for row in answer.json()["data"]]

    async def one(self, path: str) -> dict[str, Any]:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["object"]
        return found

    async def patch(self, path: str, *operations: Mapping[str, Any]) -> httpx.Response:
        return await self.call("PATCH", path, json={"operations": list(operations)})

    async def everything_with(self, oid: str) -> list[dict[str, Any]]:
        """All communications with an addressable, by the `next` links as far as they go."""
        found: list[dict[str, Any]] = []
        url = f"/api/v1/{self.tenant}/communications?with={oid}&limit=5"
        while url:
            body = (await self.client.get(url, headers=self.headers)).json()
            found += [row["object"] for row in body["data"]]
            url = next((x["href"] for x in body["meta"]["links"] if x["rel"] == "next"), "")
        return found

    async def effects(self) -> list[tuple[str, str | None]]:
        effects = (await self.client.get("/_ledger")).json()["effects"]
        return [(effect["kind"], effect["subject"]) for effect in effects]

    async def holds(self, role: Role) -> dict[str, int]:
        people = (await self.client.get("/_people")).json()["people"]
        wanted = cast(self.world.people)[role].id
        return next(each["holds"] for each in people if each["id"] == wanted)


@asynccontextmanager
async def xelion(
    shared: World | None = None, habits: Habits | None = None, tenant: str = LIBERVOICE
) -> AsyncIterator[Api]:
    chosen, sock = shared or calm(), bound(0)
    address = f"http://127.0.0.1:{port_of(sock)}"
    app = build(chosen, port_of(sock), habits)
    async with (
        served({sock: app}),
        httpx.AsyncClient(base_url=address, timeout=5, verify=NO_TLS) as client,
    ):
        yield Api(client, chosen, tenant)


def oid_of(api: Api, role: Role) -> str:
    return str(cast(api.world.people)[role].xelion_id)


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errorCode"]


def replaced(path: str, value: object) -> dict[str, object]:
    return {"op": "replace", "path": path, "value": value}


async def test_login_answers_bare_and_says_until_when_in_utc() -> None:
    async with xelion() as api:
        body = (await api.login()).json()
    assert body["validUntil"] == "2026-03-31 13:00:00"
    assert {"authentication", "renewalToken", "version", "tenant"} <= body.keys()


async def test_some_installations_write_moments_in_iso_form() -> None:
    async with xelion(habits=Habits(iso_moments=True)) as api:
        assert (await api.login()).json()["validUntil"] == "2026-03-31T13:00:00.000Z"


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({"userName": ""}, (400, 10002)),
        ({"password": ""}, (400, 10003)),
        ({"userSpace": ""}, (401, 10011)),
        ({"userSpace": "s" * 201}, (401, 10010)),
        ({"password": "wrong"}, (401, 10004)),
    ],
)
async def test_a_bad_login_has_its_own_code(
    credentials: dict[str, str], expected: tuple[int, int]
) -> None:
    async with xelion() as api:
        answer = await api.login(**credentials)
    assert code(answer) == expected
    assert answer.json()["info"] == "resource=POST /api/v1/libervoice/me/login"


@pytest.mark.parametrize("second_factor_code", [10012, 10013])
async def test_a_second_factor_is_asked_for_with_either_code(second_factor_code: int) -> None:
    habits = Habits(second_factor=True, second_factor_code=second_factor_code)
    async with xelion(habits=habits) as api:
        assert code(await api.login()) == (401, second_factor_code)
        assert (await api.login(mfa="123456")).status_code == 200


async def test_a_user_space_holds_one_live_session() -> None:
    async with xelion() as api:
        old = (await api.login()).json()["authentication"]
        api.headers = {}
        assert code(await api.login()) == (401, 10005)
        assert (await api.login("another")).status_code == 200
        api.headers = {"Authorization": f"xelion {old}"}
        assert (await api.login()).status_code == 200, "the old session is ended first"
        api.headers = {"Authorization": f"xelion {old}"}
        assert code(await api.call("GET", "/addressables")) == (401, 10020)


async def test_a_session_that_has_run_out_frees_its_user_space() -> None:
    async with xelion() as api:
        await api.login()
        await api.client.post("/_clock", json={"advance_seconds": 3601})
        assert code(await api.call("GET", "/addressables")) == (401, 10021)
        api.headers = {}
        assert (await api.login()).status_code == 200


async def test_renewal_takes_a_bare_string_and_supersedes_the_token_before() -> None:
    async with xelion() as api:
        first = (await api.login()).json()
        second = await api.call("POST", "/me/renew", json=first["renewalToken"])
        assert second.status_code == 200
        assert code(await api.call("GET", "/addressables")) == (401, 10020)
        api.headers = {"Authorization": f"xelion {second.json()['authentication']}"}
        again = await api.call("POST", "/me/renew", json=first["renewalToken"])
        assert code(again) == (401, 10022)
        by_password = await api.call(
            "POST", "/me/renew", json=api.world.secret("xelion", LIBERVOICE)
        )
        assert by_password.status_code == 200


async def test_logging_out_ends_the_session() -> None:
    async with xelion() as api:
        assert code(await api.call("GET", "/addressables")) == (401, 10000)
        await api.login()
        assert (await api.call("POST", "/me/logout")).content == b""
        assert code(await api.call("GET", "/addressables")) == (401, 10020)


async def test_a_session_has_room_for_so_many_calls_at_once() -> None:
    async with xelion(habits=Habits(concurrency=2)) as api:
        await api.login()
        async with hanging(api):
            assert code(await api.call("GET", "/addressables")) == (429, 10400)
        assert (await api.call("GET", "/addressables")).status_code == 200


@asynccontextmanager
async def hanging(api: Api) -> AsyncIterator[None]:
    """Two calls whose bodies never arrive hold both places of the session."""
    tasks = [asyncio.create_task(_never_sent(api)) for _ in range(2)]
    while not await _is_full(api):
        continue
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    while await _is_full(api):
        continue


async def _never_sent(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    await api.call("PATCH", f"/addressables/{oid_of(api, Role.RUNNING)}", content=body())


async def _is_full(api: Api) -> bool:
    return (await api.call("GET", "/users")).status_code == 429


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


async def test_join_gives_the_logs_of_an_unknown_number_to_a_real_object() -> None:
    async with xelion() as api:
        await api.login()
        person = next(p for p in api.world.people if p.position == 7)
        oid = str(person.xelion_id)
        unknown = await api.rows("/addressables", where="obj_type=UnknownAddressable", limit=100)
        numbers = {line.number for line in person.lines}
        (loose,) = [each for each in unknown if each["commonName"] in numbers]
        before = await api.everything_with(loose["oid"])
        joined = await api.call("POST", f"/addressables/{loose['oid']}/join", json=oid)
        after = {each["oid"] for each in await api.everything_with(oid)}
        gone = await api.call("GET", f"/addressables/{loose['oid']}")
    assert joined.status_code == 204
    assert before
    assert {each["oid"] for each in before} <= after
    assert code(gone) == (404, 10100)


async def test_the_log_is_searched_in_windows_and_an_empty_one_is_not_the_end() -> None:
    async with xelion() as api:
        await api.login()
        oid = oid_of(api, Role.SAME_NAME_FIRST)
        await api.client.post("/_clock", json={"advance_seconds": 90 * 86400})
        await api.login()
        first = await api.call("GET", "/communications", params={"with": oid})
        found = await api.everything_with(oid)
        dates = [each["date"] for each in found]
        windows = await api.rows(
            "/communications",
            **{"with": oid, "until": dates[0], "limit": 100},
        )
    assert first.json()["data"] == []
    assert dates == sorted(dates, reverse=True)
    newest = datetime.fromisoformat(dates[0])
    assert [w["oid"] for w in windows] == [
        each["oid"]
        for each in found
        if datetime.fromisoformat(each["date"]) >= newest - timedelta(days=28)
    ]
    assert all("participants" in each for each in found)


async def test_lists_show_no_participants_but_names_in_their_labels() -> None:
    async with xelion() as api:
        await api.login()
        newest = await api.rows("/communications", limit=100)
        oldest = await api.rows("/communications", limit=1, order="ascending")
        detail = await api.one(f"/communications/{newest[0]['oid']}")
        by_call = await api.one(f"/communications/{detail['callId']}")
    assert {key for each in newest for key in each} == {
        "oid",
        "objectType",
        "subject",
        "date",
        "commonName",
    }
    assert oldest[0]["date"] < newest[-1]["date"]
    assert by_call == detail
    assert {each["role"] for each in detail["participants"]} == {"rtFrom", "rtTo"}
    assert all(each["commonName"] in newest[0]["commonName"] for each in detail["participants"])


async def test_sound_is_streamed_where_there_is_some() -> None:
    async with xelion() as api:
        await api.login()
        (voicemail, *_) = await api.rows("/communications", where="voicemail=true")
        sound = await api.call("GET", f"/communications/{voicemail['oid']}/audio")
        missed = await api.rows(
            "/communications", only_missed_calls="true", where="voicemail=false"
        )
        silent = await api.call("GET", f"/communications/{missed[0]['oid']}/audio")
        again = await api.call("GET", f"/communications/{voicemail['oid']}/audio")
    assert sound.headers["Content-Type"] == "audio/x-mp3"
    assert sound.headers["Content-Disposition"] == "audio.mp3"
    assert sound.content[:2] == b"\xff\xfb"
    assert again.content == sound.content
    assert code(silent) == (404, 10100)


async def test_looking_with_retrieval_leaves_a_trace() -> None:
    async with xelion() as api:
        await api.login()
        await api.rows("/communications", limit=1)
        assert await api.effects() == []
        (one,) = await api.rows("/communications", limit=1, retrieval="true")
        assert (await api.one(f"/communications/{one['oid']}"))["retrieved"] is True
        assert [kind for kind, _ in await api.effects()] == ["change"]


async def test_communications_cannot_be_deleted_but_their_identity_can_be_stripped() -> None:
    async with xelion() as api:
        await api.login()
        role = Role.TWO_UPSTREAMS
        oid, before = oid_of(api, role), await api.holds(role)
        one = (await api.everything_with(oid))[0]
        path = f"/communications/{one['oid']}"
        assert code(await api.call("DELETE", path)) == (404, 10100)
        assert code(await api.patch(path, replaced("/date", ""))) == (400, 10202)
        own = next(p for p in one["participants"] if (p["addressable"] or {}).get("oid") == oid)
        half = await api.patch(path, {"op": "remove", "path": f"/participants/{own['oid']}"})
        still = await api.holds(role)
        await api.patch(path, replaced("/subject", ""), replaced("/contents", ""))
        after, detail = await api.holds(role), await api.one(path)
        effects = await api.effects()
    assert half.content == b""
    assert still == before, "the name is left in the subject"
    assert after["communication_metadata"] == before["communication_metadata"] - 1
    assert cast(api.world.people)[role].name.full not in str(detail)
    assert [kind for kind, _ in effects] == ["change", "anonymise"]


async def test_what_an_administrator_removes_by_hand_no_longer_counts() -> None:
    async with xelion() as api:
        await api.login()
        role = Role.TWO_UPSTREAMS
        before = await api.holds(role)
        found = await api.everything_with(oid_of(api, role))
        (voicemail, *_) = [
            each["oid"]
            for each in found
            if (await api.one(f"/communications/{each['oid']}"))["voicemail"]
        ]
        order = {"tenant": LIBERVOICE, "oids": [voicemail, oid_of(api, role)]}
        assert (await api.client.post("/_by_hand", json=order)).status_code == 200
        silent = await api.call("GET", f"/communications/{voicemail}/audio")
        after, effects = await api.holds(role), await api.effects()
    person = cast(api.world.people)[role]
    assert silent.status_code == 404
    assert after["voicemail"] if before["voicemail"] > 1 else "voicemail" not in after
    assert "contacts" not in after
    assert after["communication_metadata"] == before["communication_metadata"]
    assert effects == [("by_hand", person.id), ("by_hand", person.id)]


async def test_a_tenant_sees_only_its_own() -> None:
    async with xelion(tenant=MISTER_VOIP) as api:
        await api.login()
        theirs = oid_of(api, Role.RUNNING)
        assert code(await api.call("GET", f"/addressables/{theirs}")) == (404, 10100)
        api.tenant = LIBERVOICE
        assert code(await api.call("GET", "/addressables")) == (401, 10020)


async def test_fifty_thousand_calls_cost_nothing_until_they_are_asked_for() -> None:
    calm_world = calm()
    heavy = cast(calm_world.people)[Role.HEAVY]
    volume = replace(heavy.volume, xelion_calls=HEAVY_CALLS)
    people = tuple(replace(p, volume=volume) if p is heavy else p for p in calm_world.people)
    async with xelion(replace(calm_world, people=people)) as api:
        await api.login()
        held = await api.holds(Role.HEAVY)
        wanted: dict[str, str | int] = {"with": str(heavy.xelion_id), "limit": 100}
        rows = await api.rows("/communications", **wanted)
    assert held["communication_metadata"] == HEAVY_CALLS + heavy.volume.xelion_voicemails
    assert len(rows) == 100


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


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/addressables/abc"),
        ("PUT", "/addressables/abc"),
        ("PATCH", "/addressables/abc"),
        ("DELETE", "/addressables/abc"),
        ("POST", "/addressables/abc/join"),
        ("GET", "/addressables/abc/colleagues"),
        ("GET", "/communications?with=abc"),
        ("GET", "/phonelines/" + "9" * 5000),
    ],
)
async def test_what_cannot_be_an_oid_is_refused_as_such(method: str, path: str) -> None:
    bodies: dict[str, object] = {"PATCH": [replaced("/givenName", "A")], "POST": "1650007"}
    async with xelion() as api:
        await api.login()
        answer = await api.call(method, path, json=bodies.get(method, {"objectType": "Person"}))
        assert code(answer) == (400, 10203)


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


async def test_an_attachment_is_read_by_its_own_oid() -> None:
    async with xelion() as api:
        await api.login()
        path = f"/communications/{(await api.rows('/communications', limit=1))[0]['oid']}"
        value = {"commonName": "a.txt", "contentsB64String": "aGFsbG8="}
        await api.patch(path, {"op": "add", "path": "/attachments/v1", "value": value})
        (attached,) = (await api.one(path))["attachments"]
        found = await api.one(f"/attachments/{attached['oid']}")
        missing = await api.call("GET", "/attachments/1")
    assert found["contentsB64String"] == "aGFsbG8="
    assert code(missing) == (404, 10100)


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


async def test_habits_are_changed_while_the_mock_runs() -> None:
    wanted = {
        "second_login_takes_over": True,
        "no_header_status": 403,
        "deleted_status": 200,
        "login_payload_status": 401,
    }
    async with xelion() as api:
        assert (await api.client.post("/_habits", json={"concurency": 3})).status_code == 422
        assert (await api.client.post("/_habits", json=wanted)).json().items() >= wanted.items()
        unread = await api.call("POST", "/me/login", content=b"{")
        await api.login()
        first, api.headers = api.headers, {}
        no_header = await api.call("GET", "/addressables")
        assert (await api.login()).status_code == 200
        ended = await api.call("GET", "/addressables", headers=first)
        deleted = await api.call("DELETE", f"/addressables/{oid_of(api, Role.RUNNING)}")
    assert code(unread) == (401, 10202)
    assert code(no_header) == (403, 10000)
    assert code(ended) == (401, 10020)
    assert (deleted.status_code, deleted.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/tenants/5/login", (400, 10063)),
        ("GET", "/me/phone/caller_id", (404, 10054)),
        ("GET", "/me/device/calls", (404, 10050)),
        ("DELETE", "/phonelines/1500011", (404, 10100)),
    ],
)
async def test_what_an_api_user_has_not_is_told_by_its_code(
    method: str, path: str, expected: tuple[int, int]
) -> None:
    async with xelion() as api:
        await api.login()
        assert code(await api.call(method, path)) == expected


async def test_calls_that_come_together_are_counted_together() -> None:
    shared = calm()
    transport = httpx.ASGITransport(build(shared, 0, Habits(concurrency=2)))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        api = Api(client, shared)
        await api.login()
        answers = await asyncio.gather(*(api.call("GET", "/addressables") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429]


async def test_a_call_holds_its_place_for_as_long_as_it_takes() -> None:
    done = asyncio.Event()
    done.set()

    async def sleep(_seconds: float) -> None:
        await done.wait()

    shared = world(seed=1, now=lambda: NOW, latency_seconds=1, sleep=sleep)
    transport = httpx.ASGITransport(build(shared, 0, Habits(concurrency=1)))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        api = Api(client, shared)
        await api.login()
        done.clear()
        calls = [asyncio.create_task(api.call("GET", "/addressables")) for _ in range(2)]
        refused, waiting = await asyncio.wait(calls, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        done.set()
        assert [code(await each) for each in refused] == [(429, 10400)]
        assert [(await each).status_code for each in waiting] == [200]


async def test_a_row_shows_the_first_way_to_reach_somebody_by_itself() -> None:
    async with xelion() as api:
        await api.login()
        rows = await api.rows("/addressables", limit=100)
    assert all(row["telecomAddress"] == row["telecomAddresses"][0] for row in rows)


async def test_a_row_shows_the_status_that_was_asked_for() -> None:
    async with xelion() as api:
        await api.login()
        (row,) = await api.rows("/addressables", include="status", limit=1)
    assert row["status"] == "available"


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


@pytest.mark.parametrize("way", ["beside", "within"])
async def test_a_search_on_a_phone_line_finds_what_was_said_of_somebody(way: str) -> None:
    async with xelion() as api:
        await api.login()
        (one, *_) = await api.rows("/communications", limit=1)
        detail = await api.one(f"/communications/{one['oid']}")
        number = detail["participants"][0]["address"]
        line = f"phoneLine={detail['phoneLine']['oid']}"
        asked = {"beside": [("where", line), ("search", number)]}.get(
            way, [("where", line), ("where", f"search={number}")]
        )
        answer = await api.call("GET", "/communications", params=[*asked, ("limit", "5")])
        found = [row["object"]["oid"] for row in answer.json()["data"]]
        details = [await api.one(f"/communications/{oid}") for oid in found]
        nobody = await api.rows("/communications", where=line, search="nobody-is-called-this")
    assert one["oid"] in found
    assert all(number in str(each["participants"]) for each in details)
    assert nobody == []


async def test_contents_of_an_attachment_stand_with_the_attachment_alone() -> None:
    async with xelion() as api:
        await api.login()
        (one,) = await api.rows("/communications", limit=1)
        path = f"/communications/{one['oid']}"
        value = {"commonName": "noot.txt", "contentsB64String": "aGFsbG8="}
        await api.patch(path, {"op": "add", "path": "/attachments/1", "value": value})
        detail = await api.one(path)
        (listed,) = detail["attachments"]
        whole = await api.one(f"/attachments/{listed['oid']}")
    assert detail["hasAttachment"]
    assert "contentsB64String" not in listed
    assert whole["contentsB64String"] == "aGFsbG8="


@pytest.mark.parametrize("sent", [b"at_appointment", b'"at_appointment"'])
async def test_a_status_is_taken_with_or_without_quotes_and_shown(sent: bytes) -> None:
    async with xelion() as api:
        await api.login()
        assert (await api.call("PUT", "/me/status", content=sent)).status_code == 200
        me = await api.one("/me/info")
        bare = (await api.call("GET", "/me/status")).json()["object"]
    assert (me["presenceInfo"]["status"], bare) == ("at_appointment", "at_appointment")


async def test_a_status_that_is_no_word_is_refused() -> None:
    async with xelion() as api:
        await api.login()
        assert code(await api.call("PUT", "/me/status", json={})) == (400, 10202)
        assert code(await api.call("PUT", "/me/status", content=b"")) == (400, 10200)


async def test_the_api_user_has_a_person_without_a_card() -> None:
    async with xelion() as api:
        await api.login()
        me = await api.one("/me/info")
        assert await api.rows("/addressables", only_users="true") == []
    assert me["person"]["commonName"] == me["commonName"]
    assert str(me["userId"]) == me["oid"]


async def test_a_phone_line_shows_everything_that_can_be_changed_of_it() -> None:
    async with xelion() as api:
        await api.login()
        (line, *_) = await api.rows("/phonelines")
    named = {"hideInPhoneList", "hideNumbers", "callRecordingUsers", "callLogUsers", "managers"}
    assert named | {"phones", "extensions", "userPhoneLine", "dayNightMode"} <= line.keys()
