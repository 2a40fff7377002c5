"""Who may call the mock of Xelion: logins, user spaces, sessions and the places that calls take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from avgate_mocks.people import LIBERVOICE, Role
from avgate_mocks.world import world
from avgate_mocks.xelion import Habits, build

from .xelion_api import NOW, Api, calm, code, oid_of, xelion


async def test_login_answers_bare_and_says_until_when_in_utc() -> None:
    async with xelion() as api:
        body = (await api.login()).json()
    assert body["validUntil"] == "2026-03-31 13:00:00"
    assert {"authentication", "renewalToken", "version", "tenant"} <= body.keys()


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


async def test_the_api_user_has_a_person_without_a_card() -> None:
    async with xelion() as api:
        await api.login()
        me = await api.one("/me/info")
        assert await api.rows("/addressables", only_users="true") == []
    assert me["person"]["commonName"] == me["commonName"]
    assert str(me["userId"]) == me["oid"]
