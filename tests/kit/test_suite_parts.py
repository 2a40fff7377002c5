"""What the suite stands on: time that passes at once, a guard, an upstream made of recordings."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from avgate_contracts import IdentifierKind
from avgate_contracts.kit.alteration import another, promised, renamed, retyped, with_others
from avgate_contracts.kit.circle import Page
from avgate_contracts.kit.clock import Clock, Steady, StuckError, run
from avgate_contracts.kit.declared import person
from avgate_contracts.kit.fault import UNHEARD
from avgate_contracts.kit.fault_transport import NotRecordedError
from avgate_contracts.kit.guard import BlockedError, Guard
from avgate_contracts.kit.law import Law
from avgate_contracts.kit.level import standing
from avgate_contracts.kit.replay import matcher
from avgate_contracts.kit.spelling import appears
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.stand_in import StandIn
from avgate_contracts.kit.tape import Interaction

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BASE = "http://upstream.example"


def told(method: str, path: str, status: int, body: bytes = b"") -> Interaction:
    headers = {"content-type": "application/json"}
    return Interaction(method, f"{BASE}{path}", {}, b"", status, headers, body)


def stand_in(*tape: Interaction) -> StandIn:
    same = matcher()
    return StandIn(tape, same, [same(one.method, one.url, one.request_body, None) for one in tape])


async def ask(upstream: StandIn, method: str, path: str, *, unheard: bool = False) -> int:
    extensions = {UNHEARD: True} if unheard else {}
    request = httpx.Request(method, f"{BASE}{path}", extensions=extensions)
    return (await upstream.handle_async_request(request)).status_code


def test_an_hour_passes_at_once_for_everybody() -> None:
    async def wait() -> tuple[datetime, list[float]]:
        clock = Clock(NOON)
        await asyncio.gather(clock.sleep(3600), asyncio.sleep(1800))
        return clock.now(), clock.slept

    begun = time.monotonic()
    assert run(wait()) == (NOON + timedelta(hours=1), [3600])
    assert time.monotonic() - begun < 30


def test_time_stands_still_while_a_thread_works() -> None:
    async def work() -> float:
        async with asyncio.timeout(60):
            await asyncio.to_thread(time.sleep, 0.05)
        return asyncio.get_running_loop().time()

    assert run(work()) < 60


def test_who_waits_for_nothing_is_told_so() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StuckError, match="nothing is under way"):
        run(wait())


def test_the_loop_of_the_thread_is_left_alone() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        run(asyncio.sleep(1))
        assert asyncio.get_event_loop_policy().get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_wait_drawn_by_chance_does_not_change_what_is_drawn_later() -> None:
    first, second = Steady(1), Steady(1)
    assert second.uniform(1, 2) == 2
    assert first.getrandbits(64) == second.getrandbits(64)
    assert isinstance(first, random.Random)


def test_the_guard_lets_nothing_out_and_remembers_what_was_tried(tmp_path: Path) -> None:
    with Guard() as guard:
        with pytest.raises(BlockedError), socket.socket() as sock:
            sock.connect(("127.0.0.1", 9))
        with pytest.raises(BlockedError):
            socket.getaddrinfo("upstream.example", 80)
        with pytest.raises(BlockedError):
            subprocess.run(["/bin/true"], check=True)
        (tmp_path / "copy").write_text("of somebody", "utf-8")
    assert guard.outside == ["a connection of its own", "a look-up of a host", "another program"]
    assert guard.written == 1
    (tmp_path / "copy").write_text("nobody looks any more", "utf-8")
    assert guard.written == 1


async def test_an_item_is_there_until_the_write_that_takes_it() -> None:
    upstream = stand_in(
        told("GET", "/cards/1", 200),
        told("DELETE", "/cards/1", 204),
        told("GET", "/cards/1", 404),
        told("DELETE", "/cards/2", 204),
    )
    for _ in range(3):
        assert await ask(upstream, "GET", "/cards/1") == 200
    assert await ask(upstream, "DELETE", "/cards/2") == 204
    assert await ask(upstream, "GET", "/cards/1") == 200
    assert await ask(upstream, "DELETE", "/cards/1") == 204
    for _ in range(3):
        assert await ask(upstream, "GET", "/cards/1") == 404


async def test_a_write_that_never_arrived_changes_nothing() -> None:
    upstream = stand_in(
        told("GET", "/cards/1", 200),
        told("DELETE", "/cards/1", 204),
        told("GET", "/cards/1", 404),
    )
    with pytest.raises(httpx.ReadTimeout):
        await ask(upstream, "DELETE", "/cards/1", unheard=True)
    assert await ask(upstream, "GET", "/cards/1") == 200


async def test_what_is_only_known_of_the_time_after_is_not_made_up() -> None:
    upstream = stand_in(told("DELETE", "/cards/1", 204), told("GET", "/cards/1", 404))
    with pytest.raises(httpx.ReadTimeout):
        await ask(upstream, "DELETE", "/cards/1", unheard=True)
    with pytest.raises(NotRecordedError):
        await ask(upstream, "GET", "/cards/1")


def test_only_what_every_answer_has_is_promised() -> None:
    tape = [told("GET", "/cards", 200, b'{"items": [{"id": 1, "note": ""}, {"id": 2}], "next": 2}')]
    assert [str(each) for each in promised(tape)] == [
        "GET /cards items",
        "GET /cards next",
        "GET /cards items.*.id",
    ]
    (_, after, _) = promised(tape)
    assert b'"next_renamed": 2' in renamed(tape, after)[0].body
    assert b'"next": {"value": 2}' in retyped(tape, after)[0].body


def test_somebody_else_stands_beside_each_of_the_subjects() -> None:
    one = told(
        "GET", "/cards?email=a.bakker%40example.org", 200, b'[{"email": "a.bakker@example.org"}]'
    )
    (body,) = [each.body for each in with_others([one], ["a.bakker@example.org"])]
    assert body.count(b"@example.org") == 2
    assert another("a.bakker@example.org").encode() in body


def test_a_number_is_known_in_every_spelling() -> None:
    assert appears("+31612345678", [b'{"tel": "06-12 34 56 78"}'])
    assert not appears("+31612345678", [b'{"tel": "06-12 34 56 79"}'])


def test_a_level_takes_every_variant_of_every_law_below_it() -> None:
    laws = [Law("a", 1), Law("b", 2, (), ("x", "y")), Law("c", 3)]
    results = {"a": "passed", "b[x]": "passed", "b[y]": "passed", "c": "exempt"}
    assert standing(laws, results).level == 2  # type: ignore[arg-type]  # literals
    del results["b[y]"]
    earned = standing(laws, results)  # type: ignore[arg-type]  # plain words, as a report has them
    assert (earned.level, str(earned.next_obstacles[0])) == (1, "b[y] was not run")


def test_a_few_of_many_hold_the_first_and_the_last() -> None:
    assert spread(range(100), 3) == [0, 50, 99]
    assert spread([1, 2], 3) == [1, 2]


def test_a_subject_has_every_value_given_for_a_kind() -> None:
    subject = person({"email": ["a@example.org", "b@example.org"]}, "kit")
    assert [each.kind for each in subject.identifiers] == [IdentifierKind.EMAIL] * 2


@pytest.mark.parametrize(
    ("first", "further", "is_so"),
    [
        ("/cards?limit=2", "/cards?limit=2&after=c-2", True),
        ("/cards?limit=2&cursor=a", "/cards?limit=2&cursor=c-2", True),
        ("/cards?offset=0", "/cards?offset=2", True),
        ("/cards", "/cards?page=2", True),
        ("/cards?page=1", "/cards?s=9&t=8", True),
        ("/cards?limit=2", "/cards?limit=2", False),
        ("/cards?limit=2", "/calls?limit=2&after=c-2", False),
        ("/cards?limit=2", "/cards?limit=2&after=c-7", False),
        ("/cards?order=up", "/cards?order=down", False),
        ("/cards?year=2024", "/cards?year=2025", False),
        ("/cards?phone=0", "/cards?phone=31612345678", False),
    ],
)
def test_a_further_page_is_told_from_another_list(first: str, further: str, is_so: bool) -> None:
    told = {
        "items": [{"id": "c-1"}, {"id": "c-2"}],
        "next": "http://upstream.example/cards?s=9&t=8",
    }
    page = Page(first, httpx.Response(200, json=told))
    assert page.is_followed_by(further, {"31612345678"}) is is_so
