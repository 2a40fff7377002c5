"""A system that is paused is not called, everything else goes on, and nothing is lost when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from avgate_contracts.http import Runtime
from avgate_contracts.vocabulary import Operation
from avgate_gateway import listing
from avgate_gateway.assembly import assemble
from avgate_gateway.authentication import Scope
from avgate_gateway.bulkheads import NONE
from avgate_gateway.flow.running import with_work
from avgate_gateway.flow.waking import wake_at
from avgate_gateway.pausing import LONGEST_SLEEP
from avgate_gateway.request import IdentityCheck, State, SubjectRequest, WaitingFor
from avgate_gateway.request import Scope as RequestScope
from avgate_gateway.settings import load
from avgate_gateway.store import pauses as rows
from avgate_gateway.store import queue, requests
from avgate_gateway.store.queue import Pile, Viewer
from avgate_gateway.store.tasks import Stage, Task
from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import Indoors, Watched, indoors

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLOSED = SubjectRequest(
    id="r", controller="c", client_id="portal", operation=Operation.ERASE, state=State.CLOSED,
    waiting_for=None, received_at=NOW, promised=NOW.date(), legal=NOW.date(), reference="x",
    identifier_kinds=("phone",), language="nl", scope=RequestScope(), version=1,
    identity=IdentityCheck("desk", "portal", NOW), closed_at=NOW,
)  # fmt: skip
REASON = "Its supplier works on it."
NAMES = ("operator", "directory")


def admin(here: Indoors) -> httpx.AsyncClient:
    return here.caller("chief", scopes=(Scope.ADMIN, Scope.READ, Scope.READ_AUDIT))


async def pause(here: Indoors, name: str) -> JsonMap:
    path = f"/v1/connectors/{name}/pause"
    answer = await admin(here).post(path, json={"reason": REASON})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["paused"])


async def resume(here: Indoors, name: str) -> None:
    answer = await admin(here).post(f"/v1/connectors/{name}/resume")
    assert (answer.status_code, answer.json()["paused"]) == (200, None)


def called(here: Indoors, name: str) -> list[str]:
    """The calls that reached one upstream, by how its paths begin."""
    beginning = {"operator": ("/tmf-api", "/oauth"), "directory": ("/api/accounts",)}[name]
    return [call for call in here.calls if call.split(" ")[1].startswith(beginning)]


async def seen(is_so: Callable[[], bool], seconds: float = 15) -> None:
    """Waits until another process has seen what a row says."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.05)


async def test_what_is_paused_waits_uncalled_and_the_others_go_on(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        made = await pause(here, "operator")
        assert (made["by"], made["reason"]) == ("chief", REASON)
        assert await pause(here, "operator") == made  # and says who did it first
        here.calls.clear()
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), *NAMES))
        await here.settle()
        await here.let_pass(minutes=10)
        assert called(here, "operator") == []
        assert called(here, "directory") != []
        shown = await here.request(request_id)
        assert shown["state"] == "waiting"
        assert "operator is paused by chief since" in shown["held_up"]
        assert REASON.rstrip(".") in shown["held_up"]
        listed = (await here.get("/v1/connectors"))["items"]
        told = {one["name"]: one["paused"] for one in listed}
        assert (told["operator"], told["directory"]) == (made, None)
        await resume(here, "operator")
        await resume(here, "operator")
        await here.settle()
        done = await here.request(request_id)
        assert (done["state"], done["held_up"]) == ("closed", None)
        assert called(here, "operator") != []
        entries = (await admin(here).get("/v1/audit")).json()["items"]
        said = [e["event"] for e in entries if e["event"].startswith("connector.")]
        assert said == ["connector.paused", "connector.resumed"]
        assert await here.chain_breaks_at() is None


async def test_an_erasure_elsewhere_is_planned_and_carried_out_meanwhile(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        person = here.person(Role.RUNNING)
        await pause(here, "directory")
        here.calls.clear()
        request_id = await here.submit(a_request("erase", person, *NAMES))
        assert (await here.until(request_id))["waiting_for"] == "approval"
        assert (await here.decide(request_id)).status_code == 200
        await here.settle()
        assert called(here, "directory") == []
        assert any(call.startswith(("DELETE", "PATCH")) for call in called(here, "operator"))
        assert (await here.request(request_id))["waiting_for"] == "upstream"
        await resume(here, "directory")
        assert (await here.until(request_id))["waiting_for"] == "approval"  # of what is there
        assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "closed", "person")


async def test_nobody_waits_for_what_a_paused_system_may_know(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        await pause(here, "operator")
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), *NAMES))
        await here.settle()
        stages = {
            p["connector"]: p["stage"] for p in (await here.request(request_id))["connectors"]
        }
        assert stages == {"operator": "locate", "directory": "done"}  # which finds nobody alone
        await resume(here, "operator")
        assert (await here.until(request_id))["waiting_for"] == "approval"
        stages = {
            p["connector"]: p["stage"] for p in (await here.request(request_id))["connectors"]
        }
        assert stages == {"operator": "located", "directory": "located"}  # it has looked again


async def test_a_write_that_was_approved_waits_too(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        body = a_request("erase", here.person(Role.RUNNING), "directory")
        request_id = await here.submit(body)
        assert (await here.until(request_id))["waiting_for"] == "approval"
        await pause(here, "directory")
        assert (await here.decide(request_id)).status_code == 200
        here.calls.clear()
        await here.let_pass(minutes=3)
        assert called(here, "directory") == []
        await resume(here, "directory")
        await here.until(request_id, "closed", "person")
        assert called(here, "directory") != []


async def test_a_pause_between_two_stages_counts_from_the_second(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES, exempt="portal") as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))

        async def meanwhile() -> None:
            await pause(here, "directory")

        here.before_call = meanwhile  # while it looks, of which the end is waited for
        await here.settle()
        assert not any(call.startswith("POST") for call in called(here, "directory"))
        await resume(here, "directory")
        await here.until(request_id, "closed", "person")
        assert any(call.startswith("POST") for call in called(here, "directory"))


async def test_what_is_under_way_ends_with_its_batch(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        body = a_request("erase", here.person(Role.RUNNING), "operator")
        request_id = await here.submit(body)
        assert (await here.until(request_id))["waiting_for"] == "approval"
        assert (await here.decide(request_id)).status_code == 200

        async def meanwhile() -> None:
            await pause(here, "operator")

        here.before_call = meanwhile
        here.calls.clear()
        await here.settle()
        assert any(call.startswith("DELETE") for call in called(here, "operator"))
        assert (await here.events(request_id)).count("effect.intended") == 1
        [part] = (await here.request(request_id))["connectors"]
        assert part["stage"] == "execute"  # there is more to erase
        await resume(here, "operator")
        await here.until(request_id, "closed", "person")
        assert (await here.events(request_id)).count("effect.intended") > 1


def test_what_is_paused_has_no_work_and_takes_no_place() -> None:
    tasks = [Task("r", name, Stage.LOCATE, 0, NOW) for name in ("crm", "mail")]
    done = Task("r", "old", Stage.DONE, 0, NOW)
    looks = {"old": NOW}
    assert [t.connector for t in with_work([*tasks, done], looks, NOW)] == ["crm", "mail", "old"]
    free = with_work([*tasks, done], looks, NOW, {"crm", "old"})
    assert [t.connector for t in free] == ["mail"]


def test_what_is_paused_sleeps_until_somebody_wakes_it_and_at_most_an_hour() -> None:
    busy, done = Task("r", "crm", Stage.LOCATE, 0, NOW), Task("r", "old", Stage.DONE, 0, NOW)
    looks, in_an_hour = {"old": NOW}, NOW + LONGEST_SLEEP
    assert wake_at(CLOSED, [done], looks, NOW, paused={"old"}) == in_an_hour
    assert wake_at(CLOSED, [busy], {}, NOW, paused={"crm"}) == in_an_hour
    assert wake_at(CLOSED, [busy, done], looks, NOW, paused={"crm"}) == NOW + timedelta(seconds=1)
    late = {"old": NOW + timedelta(days=900)}
    assert wake_at(CLOSED, [done], late, NOW, paused={"old"}) == late["old"]
    waits = replace(CLOSED, state=State.WAITING, waiting_for=WaitingFor.UPSTREAM)
    assert wake_at(waits, [busy], {}, NOW, paused={"crm"}) == NOW + timedelta(minutes=5)


async def test_no_list_is_fetched_from_what_is_paused(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("subprocessors",)) as here:
        context = here.assembled.context
        await pause(here, "subprocessors")
        context = replace(context, desks={"libervoice": context.desks["libervoice"]})
        here.calls.clear()
        await listing.refresh(context)
        assert here.calls == []
        await resume(here, "subprocessors")
        await listing.refresh(context)
        assert here.calls != []


async def test_a_pause_outlives_the_process_and_so_does_the_end_of_one(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        await pause(here, "operator")
        body = a_request("access", here.person(Role.RUNNING), "operator")
        request_id = await here.submit(body)
        await here.settle()
        calls: list[str] = []

        async def first() -> None:
            return

        runtime = Runtime(
            transport=lambda: Watched(calls, first), now=here.time.now, sleep=here.time.sleep
        )
        second = assemble(load(tmp_path / "avgate.toml", {}), runtime)
        pauses = second.context.pauses
        assert pauses is not None
        assert "operator" not in pauses.of("libervoice")  # it has not looked yet
        await second.engine.start()
        assert pauses.of("libervoice")["operator"].reason == REASON
        assert await second.engine._needed(request_id) == {NONE}  # no place is taken there
        # Another process pauses a second one, and resumes it: this one hears of both.
        await pause(here, "directory")
        await seen(lambda: "directory" in pauses.of("libervoice"))
        await resume(here, "directory")
        await seen(lambda: "directory" not in pauses.of("libervoice"))
        await second.engine.stop()
        assert calls == []
        # It ends, and whoever ended it dies before what waited is woken: the next start does that.
        async with second.context.database.write() as db:
            found = await rows.of(db, "libervoice", "operator")
            assert found is not None
            await rows.end(db, found, "chief", here.time.now())
        third = assemble(load(tmp_path / "avgate.toml", {}), runtime)
        assert third.context.pauses is not None
        assert await third.context.pauses.refresh()
        async with third.context.database.read() as db:
            assert request_id in await requests.due(db, here.time.now(), 64)
        for one in (second, third):
            for client in one.clients:
                await client.aclose()
            await one.context.database.close()


async def test_another_controller_and_another_name_are_not_paused(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        await pause(here, "directory")
        theirs = here.caller("portal", "mister-voip")
        shown = {one["name"]: one for one in (await theirs.get("/v1/connectors")).json()["items"]}
        assert shown["directory"]["paused"] is None
        assert here.assembled.context.paused("mister-voip") == {}
        for path in ("/v1/connectors/nobody/pause", "/v1/connectors/xelion/pause"):
            answer = await admin(here).post(path, json={"reason": REASON})
            assert answer.status_code == 404
        for reason in ("", "  ", "x" * 501, "BSN 111222333"):
            answer = await admin(here).post(
                "/v1/connectors/directory/pause", json={"reason": reason}
            )
            assert answer.status_code == 422, reason


async def test_a_pause_hides_no_deadline(tmp_path: Path) -> None:
    async with indoors(tmp_path, NAMES) as here:
        await pause(here, "operator")
        body = a_request("access", here.person(Role.RUNNING), "operator")
        request_id = await here.submit(body)
        before = (await here.request(request_id))["due"]
        await here.let_pass(days=40)
        shown = await here.request(request_id)
        assert shown["due"] == before
        viewer = Viewer("libervoice", "chief", None, frozenset())
        today = here.time.now().date()
        async with here.assembled.context.database.read() as db:
            assert (await queue.counted(db, viewer, today))[Pile.LATE] == 1
        listed = await here.get(f"/v1/requests?due={today.isoformat()}")
        assert [one["id"] for one in listed["items"]] == [request_id]
