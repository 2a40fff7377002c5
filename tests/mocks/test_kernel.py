from __future__ import annotations

import asyncio
import re
import socket
import sys
import tomllib
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from avgate_mocks.dialect import Dialect
from avgate_mocks.disturbance import Disturbance
from avgate_mocks.fault import Fault, Faults, Mood, Rule
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import UPSTREAMS
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.world import World, world

README = Path(__file__).parents[2] / "mocks" / "README.md"
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
PLAIN_ERRORS = {Fault.ERROR_500: 500, Fault.ERROR_502: 502, Fault.ERROR_503: 503}


def worked_example() -> dict[str, Any]:
    """The mock that the README shows is the one that these tests drive."""
    (source,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "oblivion"}
    exec(compile(source, str(README), "exec"), names)  # noqa: S102 -- our own page
    return names


async def no_sleep(_seconds: float) -> None:
    await asyncio.sleep(0)


def calm(mood: Mood = Mood.NONE) -> World:
    return world(seed=7, mood=mood, now=lambda: NOW, sleep=no_sleep)


@asynccontextmanager
async def oblivion(shared: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the README's mock over a real socket."""
    sock = bound(0)
    address = f"http://127.0.0.1:{port_of(sock)}"
    app = worked_example()["build"](shared, port_of(sock))
    async with (
        served({sock: app}),
        httpx.AsyncClient(base_url=address, timeout=5, verify=NO_TLS) as client,
    ):
        yield client


async def plant(client: httpx.AsyncClient, fault: Fault, **more: object) -> None:
    answer = await client.post("/_faults", json={"rules": [{"fault": fault, **more}]})
    assert answer.status_code == 200, answer.text


async def effects(client: httpx.AsyncClient) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = (await client.get("/_ledger")).json()["effects"]
    return found


async def test_people_are_listed_with_what_the_mock_holds_of_them_now() -> None:
    async with oblivion(calm()) as client:
        await client.delete("/people/C-100001")
        first, second, *_ = (await client.get("/_people")).json()["people"]
    assert first["id"] == "p-0001"
    assert first["controller"] == "libervoice"
    assert first["identifiers"][0] == {"kind": "customer_id", "value": "C-100001"}
    assert (first["holds"], second["holds"]) == ({}, {"contact": 1})


async def test_an_effect_is_in_the_ledger_with_its_key_and_person() -> None:
    async with oblivion(calm()) as client:
        await client.delete("/people/C-100001", headers={"Idempotency-Key": "k1"})
        (effect,) = await effects(client)
    assert effect == {
        "at": NOW.isoformat(),
        "method": "DELETE",
        "path": "/people/C-100001",
        "idempotency_key": "k1",
        "status": 204,
        "subject": "p-0001",
        "kind": "delete",
    }


async def test_a_call_without_effect_is_not_in_the_ledger() -> None:
    async with oblivion(calm()) as client:
        assert (await client.delete("/people/nobody")).status_code == 404
        assert await effects(client) == []


async def test_a_repeated_key_gives_the_first_answer_and_no_second_effect() -> None:
    key = {"Idempotency-Key": "k1"}
    async with oblivion(calm()) as client:
        statuses = [
            (await client.delete("/people/C-100001", headers=key)).status_code for _ in range(2)
        ]
        ledger = (await client.get("/_ledger")).json()
    assert statuses == [204, 204]
    assert len(ledger["effects"]) == 1
    assert [repeat["idempotency_key"] for repeat in ledger["repeats"]] == ["k1"]


async def test_a_key_on_another_path_is_another_call() -> None:
    async with oblivion(calm()) as client:
        for place in (1, 2):
            await client.delete(f"/people/C-10000{place}", headers={"Idempotency-Key": "k1"})
        assert len(await effects(client)) == 2


async def test_the_clock_is_set_and_moved() -> None:
    async with oblivion(calm()) as client:
        moved = await client.post("/_clock", json={"now": "2033-01-01T00:00:00+00:00"})
        later = await client.post("/_clock", json={"advance_seconds": 60})
        await client.delete("/people/C-100001")
        (effect,) = await effects(client)
    assert moved.json() == {"now": "2033-01-01T00:00:00+00:00"}
    assert later.json()["now"] == effect["at"] == "2033-01-01T00:01:00+00:00"


@pytest.mark.parametrize(
    "order", [{}, {"now": "2033-01-01T00:00:00"}, {"now": "2033-01-01", "advance_seconds": 1}]
)
async def test_a_clock_order_that_cannot_be_meant_is_refused(order: dict[str, object]) -> None:
    async with oblivion(calm()) as client:
        assert (await client.post("/_clock", json=order)).status_code == 422


async def test_a_misspelt_fault_is_refused() -> None:
    async with oblivion(calm()) as client:
        answer = await client.post("/_faults", json={"rules": [{"fault": "explode"}]})
    assert answer.status_code == 422


@pytest.mark.parametrize(("fault", "status"), PLAIN_ERRORS.items())
async def test_an_error_comes_in_the_words_of_the_dialect_and_without_effect(
    fault: Fault, status: int
) -> None:
    async with oblivion(calm()) as client:
        await plant(client, fault)
        answer = await client.delete("/people/C-100001")
        assert (answer.status_code, answer.json()) == (status, {"error": str(status)})
        assert await effects(client) == []


async def test_throttling_says_how_many_seconds() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.THROTTLE_SECONDS, seconds=120)
        answer = await client.delete("/people/C-100001")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "120")


async def test_throttling_says_until_when_in_real_time_though_the_mock_is_years_ahead() -> None:
    async with oblivion(calm()) as client:
        await client.post("/_clock", json={"advance_seconds": 10**8})
        await plant(client, Fault.THROTTLE_DATE)
        answer = await client.delete("/people/C-100001")
    assert parsedate_to_datetime(answer.headers["Retry-After"]) == NOW + timedelta(seconds=2)


async def test_a_page_for_people_comes_with_200_and_without_effect() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.HTML_200)
        answer = await client.delete("/people/C-100001")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert await effects(client) == []


async def test_a_token_runs_out_early() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.TOKEN_EXPIRED)
        assert (await client.delete("/people/C-100001")).status_code == 401
        assert (await client.delete("/people/C-100001")).status_code == 204


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_AFTER])
async def test_a_hanging_call_ends_when_its_caller_gives_up(fault: Fault) -> None:
    async with oblivion(calm()) as client:
        await plant(client, fault)
        with pytest.raises(httpx.ReadTimeout):
            await client.delete("/people/C-100001", timeout=0.05)
        assert len(await effects(client)) == (fault is Fault.HANG_AFTER)


async def test_a_lost_answer_leaves_its_effect_and_closes_the_connection() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.ANSWER_LOST)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.delete("/people/C-100001")
        assert len(await effects(client)) == 1


async def test_a_lost_answer_is_given_when_the_call_comes_again_with_its_key() -> None:
    key = {"Idempotency-Key": "k1"}
    async with oblivion(calm()) as client:
        await plant(client, Fault.ANSWER_LOST)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.delete("/people/C-100001", headers=key)
        answer = await client.delete("/people/C-100001", headers=key)
        assert answer.status_code == 204
        assert len(await effects(client)) == 1


async def test_an_error_after_the_effect_leaves_the_effect() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.ERROR_AFTER)
        assert (await client.delete("/people/C-100001")).status_code == 504
        assert len(await effects(client)) == 1


async def test_a_cut_body_is_shorter_than_its_head_says() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.CUT_BODY)
        with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes, expected 20"):
            await client.delete("/people/nobody")


async def test_a_slow_drip_gives_the_whole_body_in_the_end() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.SLOW_DRIP)
        answer = await client.delete("/people/nobody")
    assert (answer.status_code, answer.json()) == (404, {"error": "not here"})


async def test_a_long_body_drips_only_where_it_begins() -> None:
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(200):
            yield bytes([number]) * 100

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(pieces())(scope, receive, send)

    faults = Faults(7, "any", Mood.NONE)
    faults.plant([Rule(Fault.SLOW_DRIP)])
    slow = Disturbance(
        app, faults, Dialect(), wall_clock=lambda: NOW, sleep=note, latency_seconds=0
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(slow), base_url="http://mock"
    ) as client:
        answer = await client.get("/sound")
    assert answer.content == b"".join([piece async for piece in pieces()])
    assert 0 < sum(slept) < 3


async def test_a_slow_answer_without_a_body_arrives_too() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.SLOW_DRIP)
        assert (await client.delete("/people/C-100001")).status_code == 204


async def test_a_planted_fault_waits_for_the_call_it_is_meant_for() -> None:
    async with oblivion(calm()) as client:
        await plant(client, Fault.ERROR_500, method="DELETE", path_contains="2", times=2, skip=1)
        statuses = [(await client.delete("/people/2")).status_code for _ in range(4)]
        assert (await client.delete("/people/nobody")).status_code == 404
        left = (await client.get("/_faults")).json()
    assert statuses == [404, 500, 500, 404]
    assert left == {"mood": "none", "rules": []}


async def test_a_mood_is_set_and_never_touches_the_controls() -> None:
    async with oblivion(calm()) as client:
        await client.post("/_faults", json={"mood": "nasty"})
        seen = {(await client.get("/_clock")).status_code for _ in range(60)}
    assert seen == {200}


async def test_latency_delays_the_dialect_and_not_the_controls() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    shared = world(seed=7, now=lambda: NOW, sleep=sleep, latency_seconds=0.02)
    async with oblivion(shared) as client:
        await client.get("/_people")
        await client.delete("/people/C-100001")
    assert slept == [0.02]


async def test_without_a_server_a_lost_answer_is_a_reset_connection() -> None:
    transport = httpx.ASGITransport(worked_example()["build"](calm(), 0))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        await plant(client, Fault.ANSWER_LOST)
        with pytest.raises(ConnectionResetError):
            await client.delete("/people/C-100001")


def drawn(mood: Mood, seed: int = 7) -> list[Fault | None]:
    faults = Faults(seed, "operator", mood)
    troubles = [faults.next("GET", "/x") for _ in range(4000)]
    return [trouble.fault if trouble else None for trouble in troubles]


def test_the_same_seed_gives_the_same_trouble_in_the_same_order() -> None:
    assert drawn(Mood.NASTY) == drawn(Mood.NASTY)
    assert drawn(Mood.NASTY) != drawn(Mood.NASTY, seed=8)


@pytest.mark.parametrize(
    ("mood", "least", "most"),
    [(Mood.NONE, 0, 0), (Mood.MILD, 0.03, 0.07), (Mood.NASTY, 0.25, 0.31)],
)
def test_a_mood_disturbs_its_share_of_calls(mood: Mood, least: float, most: float) -> None:
    share = sum(fault is not None for fault in drawn(mood)) / 4000
    assert least <= share <= most


def test_a_nasty_mood_knows_every_fault() -> None:
    assert set(drawn(Mood.NASTY)) == {None, *Fault}


def test_tokens_live_shorter_in_a_nasty_mood() -> None:
    assert Faults(7, "operator", Mood.NONE).lifetime(300) == 300
    assert Faults(7, "operator", Mood.NASTY).lifetime(300) <= 20


def test_planted_rules_come_before_the_mood() -> None:
    faults = Faults(7, "operator", Mood.NASTY)
    faults.plant([Rule(Fault.HTML_200)])
    trouble = faults.next("GET", "/x")
    assert trouble is not None
    assert trouble.fault is Fault.HTML_200


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "avgate_mocks", *arguments, stdout=PIPE, stderr=PIPE
    )


async def test_all_mocks_start_on_free_ports_and_stop_when_told(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    process = await started("--port-base", "0", "--write-config", str(config))
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().split() for _ in range(5)]
    try:
        assert [line[0] for line in lines] == [*UPSTREAMS, "ready"]
        async with httpx.AsyncClient() as client:
            people = [
                (await client.get(f"{line[1]}/_people")).json()["people"] for line in lines[:4]
            ]
    finally:
        process.terminate()
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert all([one["id"] for one in seen] == [one["id"] for one in people[0]] for seen in people)
    connectors = tomllib.loads(config.read_text("utf-8"))["controllers"]["libervoice"]["connectors"]
    assert tuple(connectors) == UPSTREAMS


def test_answers_are_not_held_back_by_nagle() -> None:
    with bound(0) as sock:
        assert sock.proto == socket.IPPROTO_TCP  # asyncio sets TCP_NODELAY on such sockets only


async def test_too_few_people_are_an_error_that_says_how_many_are_needed() -> None:
    process = await started("--port-base", "0", "--people", "8")
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"must be 9 to 100000" in errors
