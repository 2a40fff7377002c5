"""Upstreams in their worst mood: everything ends, and the report still says what is true."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import CONNECTORS
from .harness import JsonMap, a_request
from .indoors import Indoors, indoors
from .telling import counted, staying


async def untroubled(here: Indoors, request_id: str) -> list[str]:
    """The connectors whose part came to an end by itself."""
    shown = await here.request(request_id)
    return [one["connector"] for one in shown["connectors"] if one["stage"] == "done"]


LONG = pytest.mark.skipif("AVGATE_LONG" not in os.environ, reason="minutes: set AVGATE_LONG=1")
_NO_TIME_OUTS = ("cut_body", "answer_lost", "error_after", "error_500", "html_200", "token_expired",
                 "throttle_date", "error_503", "answer_lost", "slow_drip", "error_502")  # fmt: skip
BAD_LUCK = [
    {"fault": fault, "times": 2, "skip": 4 + 5 * place} for place, fault in enumerate(_NO_TIME_OUTS)
]


@pytest.mark.parametrize("mood", ["mild", pytest.param("nasty", marks=LONG)])
async def test_in_a_bad_mood_every_request_ends_and_every_item_is_accounted_for(
    mood: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, CONNECTORS, exempt="portal") as here:
        people = [p for p in here.world.people[12:] if p.controller == "libervoice"]
        people = people[: 2 if mood == "mild" else 4]
        before = {(n, p.id): await here.holds(n, p) for n in CONNECTORS for p in people}
        for name in CONNECTORS:
            await here.plant(name, *BAD_LUCK, mood=mood)
        made = {
            await here.submit(a_request("erase" if place % 2 else "access", person)): person
            for place, person in enumerate(people)
        }
        for request_id in made:
            await ended(here, request_id)
        for request_id, person in made.items():
            report = await here.report(request_id)
            operation = (await here.request(request_id))["operation"]
            for name in await untroubled(here, request_id):
                held = await here.holds(name, person)
                assert counted(report, name) == before[name, person.id], (operation, name)
                left = staying(report, name) if operation == "erase" else before[name, person.id]
                assert held == left, (operation, name)
        assert await here.chain_breaks_at() is None


async def ended(here: Indoors, request_id: str) -> None:
    """Lets hours pass, so that every retry gets its turn, until nothing happens by itself."""
    shown: JsonMap = {}
    for _ in range(60):
        await here.settle()
        shown = await here.request(request_id)
        if shown["state"] == "closed" or shown["waiting_for"] == "person":
            return
        await here.let_pass(hours=1)
    raise AssertionError(f"it never ends: {shown}")
