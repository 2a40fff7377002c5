"""That somebody is signed in no more is evidence, however that came about, and told once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from avgate_gateway.store import evidence

from .lobby import Browser, Lobby, lobby, told

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    async with lobby(tmp_path_factory.mktemp("signed_out")) as made:
        yield made


@pytest.fixture
def at(opened: Lobby) -> Lobby:
    opened.provider.calm()
    return opened


async def ends(at: Lobby, login: str) -> list[dict[str, Any]]:
    """How the sign-ins of somebody ended, and after how many minutes they are told to have."""
    async with at.here.assembled.context.database.read() as db:
        found = await evidence.entries(db, controller="libervoice", limit=10_000)
    own = [
        {"event": one.event, "at": str(one.at), **json.loads(one.details)}
        for one in found
        if one.event.startswith("console.") and f'"console:{login}"' in one.details
    ]
    begun = [one["at"] for one in own if one["event"] == "console.signed_in"]
    ended = [one for one in own if one["event"] != "console.signed_in"]
    assert all(one["since"] in begun for one in ended), "it is not told which sign-in ended"
    return ended


async def signed_in(at: Lobby, login: str, browser: Browser | None = None, **who: str) -> Browser:
    browser = browser or at.browser()
    await at.through(browser, sub=f"u-{login}", preferred_username=login, **who)
    return browser


async def tidied(at: Lobby) -> None:
    """A round of one process, with the settings that the console has."""
    await replace(at.sessions, idle=timedelta(minutes=60)).time_out()


async def test_what_nobody_used_is_told_to_have_ended_then(at: Lobby) -> None:
    await signed_in(at, "idle")
    await at.here.let_pass(minutes=59)
    await tidied(at)
    assert await ends(at, "idle") == []
    await at.here.let_pass(minutes=600)
    for _ in range(2):
        await asyncio.gather(*(tidied(at) for _ in range(3)))
    [end] = await ends(at, "idle")
    assert (end["event"], end["why"]) == ("console.timed_out", "unused")
    assert minutes(end["since"], end["ended"]) == 60


async def test_whoever_comes_back_too_late_is_told_of_at_once_and_once(at: Lobby) -> None:
    browser = await signed_in(at, "late")
    await at.here.let_pass(minutes=61)
    for _ in range(3):
        assert (await browser.get("/console")).status_code == 303
    await tidied(at)
    [end] = await ends(at, "late")
    assert end["event"] == "console.timed_out"


async def test_what_was_used_all_along_is_told_to_have_lasted_as_long_as_it_may(at: Lobby) -> None:
    browser = await signed_in(at, "diligent")
    for _ in range(11):
        await browser.get("/console")
        await at.here.let_pass(minutes=55)
    await tidied(at)
    [end] = await ends(at, "diligent")
    assert (end["event"], end["why"]) == ("console.timed_out", "longest")
    assert minutes(end["since"], end["ended"]) == 600


async def test_what_is_not_told_of_is_not_forgotten(at: Lobby) -> None:
    await signed_in(at, "long.ago")
    await at.here.let_pass(days=9)
    await signed_in(at, "new")
    await tidied(at)
    assert len(await ends(at, "long.ago")) == 1


async def test_it_is_told_who_or_what_ended_it(at: Lobby) -> None:
    here, there = await signed_in(at, "busy"), await signed_in(at, "busy")
    await here.send("/console/sessions", session="others")
    assert [one["how"] for one in await ends(at, "busy")] == ["elsewhere"]
    assert (await there.get("/console")).status_code == 303
    await signed_in(at, "busy", here, sid="s-busy")
    assert [one["how"] for one in await ends(at, "busy")] == ["elsewhere", "again"]
    for _ in range(2):
        assert await told(at, sid="s-busy") == 200
    hows = [one["how"] for one in await ends(at, "busy")]
    assert hows == ["elsewhere", "again", "provider"]
    await at.here.let_pass(days=1)
    await tidied(at)
    assert len(await ends(at, "busy")) == 3


def minutes(since: str, until: str) -> int:
    took = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return round(took.total_seconds() / 60)
