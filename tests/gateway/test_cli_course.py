"""`avgate request list`, `cancel`, `retry`, `extend`, `reject`: what they ask, and how they tell it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.request.course import tried_again
from avgate_gateway.cli.request.listing import State, Wanted, newest, request_grid
from avgate_gateway.cli.request.outcome import ending
from avgate_gateway.cli.running import run

from .invented_answers import REACH, client, part, request

EVENT = {
    "sequence": 1, "at": "2026-03-02T12:00:00Z", "controller": "libervoice", "request_id": "r-1",
    "previous": "", "digest": "",
}  # fmt: skip


def page(*items: object, following: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next": following})


def retried(*connectors: str) -> dict[str, object]:
    return {**EVENT, "event": "request.retried", "details": {"connectors": connectors}}


async def told_of(*entries: object) -> str:
    return await tried_again(client({"GET /v1/requests/r-1/evidence": page(*entries)}), "r-1")


async def test_a_retry_tells_where_it_set_something_going_this_time() -> None:
    plan = {**EVENT, "event": "plan.made", "details": {}}
    assert await told_of(retried("xelion"), retried("operator", "directory"), plan) == (
        "tried again: operator, directory"
    )
    assert await told_of(retried("xelion"), retried()) == "nothing of it was stuck or failed"
    assert await told_of() == "nothing of it was stuck or failed"


async def test_the_newest_of_several_states_are_told_together_and_one_more() -> None:
    seen: list[httpx.Request] = []
    days = iter((3, 9, 5))

    def listed(_asked: httpx.Request) -> httpx.Response:
        day = next(days)
        found = request(id=f"r-{day}", state="waiting", received_at=f"2026-03-0{day}T10:00:00Z")
        return page(found.model_dump(mode="json"))

    talk = client({"GET /v1/requests": listed}, seen)
    wanted = Wanted((State.RECEIVED, State.RUNNING, State.WAITING), None, "operator", None, 1)
    assert [one.id for one in await newest(talk, wanted)] == ["r-9", "r-5"]
    assert [dict(one.url.params) for one in seen] == [
        {"state": state, "connector": "operator", "limit": "2"}
        for state in ("received", "running", "waiting")
    ]


def test_a_listed_request_tells_its_number_what_it_waits_for_and_the_day_that_holds() -> None:
    one = request(
        id="7f3a9c21-0000-4000-8000-000000000000", state="waiting", waiting_for="approval",
        due={"promised": "2026-12-19", "legal": "2026-12-21", "extended": "2027-02-19"},
    )  # fmt: skip
    [row] = request_grid([one]).rows
    assert row[1:] == ("AVG-7F3A-9C21", "erase", "waiting for approval", "2027-02-19", "desk")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cancel", "r-1"), "say --yes"),
        (("extend", "r-1", "--reason", " "), "say why with --reason"),
        (("extend", "r-1"), "--reason is missing"),
        (("reject", "r-1", "--yes", "--reason", " "), "say why with --reason"),
        (("reject", "r-1", "--reason", "no"), "say --yes, or --digest"),
        (("list", "--due", "tomorrow"), "--due has a value that it cannot have"),
    ],
)
def test_what_is_missing_is_said_before_anybody_is_asked(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["request", *words, "--token", "t"]) is Exit.USAGE
    assert says in capsys.readouterr().err


def test_what_is_stuck_is_told_with_the_command_that_tries_it_again() -> None:
    waits = {"state": "waiting", "waiting_for": "person"}
    stuck = request(**waits, connectors=[part(stage="stuck", outcome=None)])
    assert any("avgate request retry r-1" in line for line in ending(stuck, REACH))
    assert not any("retry" in line for line in ending(request(**waits), REACH))


def test_how_it_ended_is_told_without_a_day_that_no_longer_counts() -> None:
    undone = part(outcome="unsupported")
    told = list(ending(request(closing="cancelled", connectors=[undone]), REACH))
    assert told == ["request r-1: closed (cancelled)", "not all of it was done: cancelled"]
    due = {"promised": "2026-12-19", "legal": "2026-12-21", "extended": "2027-02-19"}
    assert next(ending(request(state="running", due=due), REACH)).endswith("by 2027-02-19")


def test_what_holds_a_request_up_is_told_and_that_it_goes_on_by_itself_only_where_it_does() -> None:
    waits = {"state": "waiting", "waiting_for": "upstream"}
    why = "operator is paused by desk since 2026-12-01T12:00:00+00:00: moving house."
    held = list(ending(request(**waits, held_up=why), REACH))
    assert held[1] == f"held up: {why}"
    assert held[2].startswith("look again: avgate request show r-1")
    free = list(ending(request(**waits), REACH))
    assert free[1].startswith("it goes on by itself; look again: avgate request show r-1")


@pytest.mark.parametrize(("hour", "command"), [(11, "cancel"), (13, "show")])
def test_what_was_approved_is_told_with_the_command_that_withdraws_it_until_it_begins(
    hour: int, command: str
) -> None:
    begins = datetime(2026, 12, 1, 12, tzinfo=UTC)
    plan = {"digest": "d", "valid_until": begins, "approved_by": "c", "begins_at": begins}
    waits = request(state="waiting", waiting_for="upstream", plan=plan)
    told = list(ending(waits, REACH, begins.replace(hour=hour)))
    assert f"avgate request {command} r-1" in told[-1]
    assert ("2026-12-01 12:00 UTC" in told[-1]) == (command == "cancel")
