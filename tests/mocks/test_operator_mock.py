"""The mock of Operator as a whole: its resources, its dialect, its moods and its days."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta

import httpx
import pytest

from avgate_mocks import operator
from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.operator.billing import months_after
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Role
from avgate_mocks.world import world

from .operator_bench import (
    NOW,
    PARTY,
    PRODUCT,
    USAGE,
    Bench,
)


async def test_each_controller_sees_and_changes_only_its_own(bench: Bench) -> None:
    ours, theirs = (bench.callers[name] for name in (LIBERVOICE, MISTER_VOIP))
    seen = {name: (await bench.callers[name].get(PARTY)).json() for name in bench.callers}
    assert {one["id"] for one in seen[LIBERVOICE]}.isdisjoint(
        one["id"] for one in seen[MISTER_VOIP]
    )
    person = bench.role(Role.ENDED)
    party, usage = await bench.party_id(person), (await bench.usages(person))[0]
    assert (await theirs.get(f"{PARTY}/{party}")).status_code == 404
    assert (await theirs.delete(f"{USAGE}/{usage['id']}")).status_code == 404
    assert (await theirs.get(USAGE, params={"relatedParty.id": party})).json() == []
    assert (await ours.get(f"{USAGE}/{usage['id']}")).status_code == 200


async def test_every_resource_conforms_to_its_specification(bench: Bench) -> None:
    for caller in bench.callers.values():
        for path in (PARTY, PRODUCT, USAGE):
            answer = await caller.get(path, params={"limit": "1000"})  # checked as it comes in
            assert int(answer.headers["X-Result-Count"]) > 0


async def test_an_unknown_path_and_method_are_refused_in_the_words_of_the_dialect(
    bench: Bench,
) -> None:
    answers = [await bench.libervoice.get(f"{PARTY}/x/y"), await bench.libervoice.post(USAGE)]
    assert [answer.json()["code"] for answer in answers] == ["notFound", "methodNotAllowed"]


async def test_a_nasty_mood_is_survived_by_who_tries_again(bench: Bench) -> None:
    await bench.control("/_faults", {"mood": "nasty"})
    seen = set[int]()
    plain = httpx.AsyncClient(base_url=bench.anyone.base_url, timeout=0.3, verify=NO_TLS)
    async with plain:
        for _ in range(60):
            try:
                seen.add((await plain.get(PARTY)).status_code)
            except httpx.TransportError:
                seen.add(0)
    assert {0, 401, 500} <= seen


def test_the_written_configuration_reaches_the_mock_for_both_controllers() -> None:
    shared = world(seed=7, now=lambda: NOW)
    written = tomllib.loads(gateway_config(shared, {"operator": operator}, {"operator": 9100}))
    assert written["database"] == "sqlite:///avgate.db"
    for name, pack in ((LIBERVOICE, "libervoice-2019"), (MISTER_VOIP, "mister-voip-2019")):
        controller = written["controllers"][name]
        assert controller["retention"] == pack
        assert controller["connectors"]["operator"] == {
            "base_url": "http://127.0.0.1:9100/tmf-api",
            "client_id": name,
            "client_secret": shared.secret("operator", name),
        }


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2027-08-31", 6, "2028-02-29"),
    ],
)
def test_months_end_where_the_calendar_ends(start: str, months: int, end: str) -> None:
    assert months_after(datetime.fromisoformat(start), months) == datetime.fromisoformat(end)


def test_the_days_of_a_mock_are_those_of_its_people() -> None:
    shared = world(seed=7, now=lambda: NOW + timedelta(hours=11, minutes=59))
    assert shared.as_of == NOW.date()


async def test_answers_name_the_media_type_of_the_specification(bench: Bench) -> None:
    answers = [await bench.libervoice.get(PARTY), await bench.libervoice.get(f"{PARTY}/nobody")]
    kinds = {answer.headers["Content-Type"] for answer in answers}
    assert kinds == {"application/json;charset=utf-8"}
