"""What the operator connector erases, what stays, and what faults on the way come to."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    Category,
    ContractBrokenError,
    ItemRef,
    MisconfiguredError,
    Product,
    Refused,
    UnavailableError,
    Unknown,
)
from avgate_mocks.operator.tenant import party_id
from avgate_mocks.people import Person, Role

from .operator_bench import ERASED, GONE, NOON, Bench, benched, characteristics, codes, subject_of

YEARS = 8 * 366 * 86_400  # seconds; past every term and every dispute
PERSONAL = ("individual", "bank_account")


async def test_a_running_service_keeps_its_items_and_those_of_the_individual(bench: Bench) -> None:
    records = await bench.held(Role.RUNNING)
    kept = [record.item for record in records if record.item.service_runs]
    assert {item.ref.partition("/")[0] for item in kept} >= {
        "product",
        "bank_account",
        "individual",
    }
    assert all(item.term_starts is None for item in kept)
    items = [item for item in kept if item.ref.startswith(("product", "individual"))]
    outcomes = await bench.erase(items)
    assert set(codes(outcomes)) == {"service_runs"}
    assert await bench.effects() == []


async def test_what_the_end_user_keeps_goes_while_the_service_runs(bench: Bench) -> None:
    records = await bench.held(Role.RUNNING)
    reach, entries = Category.REACH_CONFIGURATION, Category.CONTACTS
    own = [record.item for record in records if record.item.category in (reach, entries)]
    contacts = [item for item in own if item.category is entries]
    assert await bench.erase(contacts[:1]) == [ERASED]
    assert len(await bench.connector.still_held(own)) == len(own) - 1
    assert await bench.erase(own, "key-2") == [GONE if i == contacts[0] else ERASED for i in own]
    left = Counter(record.item.category for record in await bench.held(Role.RUNNING))
    before = Counter(record.item.category for record in records)
    assert before - left == Counter(item.category for item in own)


async def test_finds_what_an_individual_left_behind(bench: Bench) -> None:
    ended = [p for p in bench.world.people if p.contract.end and Product.MOBILE in p.products]
    person = next(p for p in ended if p.controller == "libervoice")
    before = await bench.found(subject_of(person))
    assert await bench.erase([before[-1].item]) == [ERASED]
    after = [record.item.ref for record in await bench.found(subject_of(person))]
    assert after == [r.item.ref for r in before if r.item.ref.split("/")[0] not in PERSONAL]
    assert await bench.erase([before[-2].item], "key-2") == [GONE]


async def test_terms_are_looked_up_anew_when_asked_what_is_still_held(bench: Bench) -> None:
    person = bench.person(Role.RUNNING)
    items = [record.item for record in await bench.held(Role.RUNNING)][-4:]
    await end_services(bench, person, NOON)
    now = await bench.connector.still_held(items)
    assert [item.ref for item in now] == [item.ref for item in items]
    assert not any(item.service_runs for item in now)
    assert {item.term_starts for item in now} == {NOON}


async def end_services(bench: Bench, person: Person, day: datetime) -> None:
    secret = bench.world.secret("operator", person.controller)
    form = {"grant_type": "client_credentials"}
    token = await bench.control.post(
        "/tmf-api/oauth2/token", data=form, auth=(person.controller, secret)
    )
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    path = "/tmf-api/productInventory/v4/product"
    asked = {"relatedParty.id": party_id(bench.world, person)}
    for product in (await bench.control.get(path, params=asked, headers=headers)).json():
        ended = {"status": "terminated", "terminationDate": day.isoformat()}
        answer = await bench.control.patch(f"{path}/{product['id']}", json=ended, headers=headers)
        answer.raise_for_status()


async def test_erases_all_of_somebody_in_batches_and_each_once_in_a_nasty_mood() -> None:
    async with benched(timeout=0.3) as bench:
        person = bench.person(Role.ENDED)
        await bench.order("/_clock", advance_seconds=YEARS)
        items = [record.item for record in await bench.found(subject_of(person))]
        await bench.order("/_faults", mood="nasty")
        for start in range(0, len(items), 20):
            await settle(bench, items[start : start + 20], f"key-{start}")
        assert await tried(lambda: bench.connector.still_held(items)) == []
        await bench.order("/_faults", mood="none")
        assert await bench.holds(person) == {}
        deletions = [e["path"] for e in await bench.effects() if e["method"] == "DELETE"]
        assert len(deletions) == len(set(deletions))
        assert {effect["subject"] for effect in await bench.effects()} == {person.id}


async def settle(bench: Bench, items: Sequence[ItemRef], key: str, look: int = 0) -> None:
    """As the gateway does: the same key until there are outcomes, then reading back."""
    told = await tried(lambda: bench.connector.erase(items, key=f"{key}-{look}"))
    lost = {each.ref for each in told if isinstance(each.outcome, Unknown)}
    assert all(e.outcome in (ERASED, GONE) for e in told if e.ref not in lost)
    unsure = [item for item in items if item.ref in lost]
    left = await tried(lambda: bench.connector.still_held(unsure)) if unsure else []
    if left:
        await settle(bench, left, key, look + 1)


async def tried(call: Callable[[], Any]) -> Any:
    for _ in range(30):
        try:
            return await call()
        except (UnavailableError, ContractBrokenError, MisconfiguredError):
            await asyncio.sleep(0)
    return await call()


async def test_a_deletion_whose_answer_was_lost_once_is_an_erasure(bench: Bench) -> None:
    call = bench.item("usage", Role.ENDED, "-c1")
    for number, fault in enumerate(("answer_lost", "error_after", "hang_after")):
        await bench.plant(fault, method="DELETE")
        item = bench.item("usage", Role.ENDED, f"-c{number + 2}")
        assert await bench.erase([item]) == [ERASED]
    await bench.plant("error_after", method="DELETE", times=3)
    assert [type(outcome) for outcome in await bench.erase([call])] == [Unknown]
    assert await bench.connector.still_held([call]) == []
    assert len(await bench.effects()) == 4


async def test_a_404_of_somebody_elses_after_a_lost_answer_is_no_erasure() -> None:
    answers = [httpx.Response(502), httpx.Response(404, json={"code": "noSuchRoute"})]

    def proxy(request: httpx.Request, content: Any) -> Any:
        return answers.pop(0) if request.method == "DELETE" else content

    async with benched(tamper=proxy) as bench:
        person = bench.item("individual", Role.RUNNING)
        assert codes(await bench.erase([person])) == ["contradiction"]
        assert await bench.connector.still_held([person])


async def test_a_page_for_people_is_no_confirmation(bench: Bench) -> None:
    call = bench.item("usage", Role.ENDED, "-c1")
    await bench.plant("html_200", method="DELETE", times=3)
    assert [type(outcome) for outcome in await bench.erase([call])] == [Unknown]
    assert [item.ref for item in await bench.connector.still_held([call])] == [call.ref]


async def test_what_was_done_is_told_when_the_upstream_dies_in_the_middle(bench: Bench) -> None:
    calls = [bench.item("usage", Role.ENDED, f"-c{index}") for index in range(30)]
    await bench.plant("throttle_seconds", method="DELETE", skip=7, times=99, seconds=3600)
    outcomes = await bench.erase(calls)
    assert outcomes.count(ERASED) == 7 == len(await bench.effects())
    assert sum(isinstance(outcome, Unknown) for outcome in outcomes) == 23
    asked = [url for url in bench.network.asked if "/usage/" in url.path]
    assert len(asked) < 15  # once it does not answer, the others are not even sent
    left = await bench.connector.still_held(calls)
    assert len(left) == 23


async def test_waits_as_long_as_the_upstream_asks_where_nothing_was_done(bench: Bench) -> None:
    calls = [bench.item("usage", Role.ENDED, f"-c{index}") for index in range(9)]
    await bench.plant("throttle_seconds", method="DELETE", times=99, seconds=3600)
    with pytest.raises(UnavailableError) as told:
        await bench.erase(calls)
    assert told.value.after == 3600
    await bench.order("/_faults", rules=[])
    assert await bench.erase(calls) == [ERASED] * 9


async def test_a_wrong_address_does_not_look_like_an_erasure() -> None:
    async with benched(base_url="BASE/elsewhere", token_url="BASE/oauth2/token") as bench:
        call = bench.item("usage", Role.ENDED, "-c1")
        with pytest.raises(MisconfiguredError):
            await bench.connector.check()
        with pytest.raises(MisconfiguredError):
            await bench.erase([call])
        with pytest.raises(MisconfiguredError):
            await bench.connector.still_held([call])


async def test_says_until_when_the_upstream_refuses(bench: Bench) -> None:
    calls = [r for r in await bench.held(Role.RUNNING) if r.item.ref.startswith("usage")]
    billed = [r for r in calls if "disputableUntil" in characteristics(r)]
    outcomes = await bench.erase([record.item for record in billed])
    refused = [(o, r) for o, r in zip(outcomes, billed, strict=True) if isinstance(o, Refused)]
    assert refused
    for outcome, record in refused:
        until = datetime.fromisoformat(characteristics(record)["disputableUntil"])
        assert (outcome.code, outcome.until) == ("usage_billed", until.date())
