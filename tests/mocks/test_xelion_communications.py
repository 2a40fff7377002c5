"""What passed between people in the mock of Xelion: found, heard and stripped of who they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from avgate_mocks.people import HEAVY_CALLS, LIBERVOICE, Role, cast

from .xelion_api import calm, code, oid_of, replaced, xelion


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
