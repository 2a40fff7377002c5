"""The mock of Xelion as a whole: its tenants, habits, statuses and phone lines."""

from __future__ import annotations

import pytest

from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Role
from avgate_mocks.xelion import Habits

from .xelion_api import code, oid_of, replaced, xelion


async def test_some_installations_write_moments_in_iso_form() -> None:
    async with xelion(habits=Habits(iso_moments=True)) as api:
        assert (await api.login()).json()["validUntil"] == "2026-03-31T13:00:00.000Z"


async def test_a_tenant_sees_only_its_own() -> None:
    async with xelion(tenant=MISTER_VOIP) as api:
        await api.login()
        theirs = oid_of(api, Role.RUNNING)
        assert code(await api.call("GET", f"/addressables/{theirs}")) == (404, 10100)
        api.tenant = LIBERVOICE
        assert code(await api.call("GET", "/addressables")) == (401, 10020)


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


async def test_a_row_shows_the_status_that_was_asked_for() -> None:
    async with xelion() as api:
        await api.login()
        (row,) = await api.rows("/addressables", include="status", limit=1)
    assert row["status"] == "available"


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


async def test_a_phone_line_shows_everything_that_can_be_changed_of_it() -> None:
    async with xelion() as api:
        await api.login()
        (line, *_) = await api.rows("/phonelines")
    named = {"hideInPhoneList", "hideNumbers", "callRecordingUsers", "callLogUsers", "managers"}
    assert named | {"phones", "extensions", "userPhoneLine", "dayNightMode"} <= line.keys()
