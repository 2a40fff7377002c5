"""What becomes of an order: it is lost, refused, cancelled, or another overtakes it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from avgate_contracts import (
    Failed,
    Field,
    FieldChange,
    ItemChange,
    Pending,
    RefusedError,
    UnavailableError,
)
from avgate_mocks.loopback import NO_TLS

from .stage import ERASED, NEW_NAME, job_of, live, staged


async def test_an_order_whose_answer_is_lost_is_placed_once() -> None:
    async with live() as stage:
        items = await stage.items()
        rule = {"fault": "answer_lost", "method": "POST", "times": 1}
        await stage.mock("/_faults", {"rules": [rule]})
        accepted = await stage.erase(items)
        await stage.clock.turn(3)
        assert (await stage.confirm(job_of(accepted), items))[0] == ERASED
        ledger = await stage.mock("/_ledger", None)
    assert [effect["kind"] for effect in ledger["effects"]] == ["order", "delist"]
    assert len(ledger["repeats"]) == 1


class Gatekeeper(httpx.AsyncHTTPTransport):
    """Something before the directory that lets nobody order anything, in words of its own."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(400, json={})
        return await super().handle_async_request(request)


async def test_an_order_that_something_else_refuses_is_refused() -> None:
    async with live(transport=Gatekeeper(verify=NO_TLS)) as stage:
        items = await stage.items()
        with pytest.raises(RefusedError) as caught:
            await stage.erase(items)
    assert caught.value.status == 400


class Clerk(httpx.AsyncHTTPTransport):
    """Takes another order than was placed."""

    def __init__(self, old: bytes, new: bytes) -> None:
        super().__init__(verify=NO_TLS)
        self._change = old, new

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = (await request.aread()).replace(*self._change)
        headers = [(n, v) for n, v in request.headers.multi_items() if n != "content-length"]
        sent = httpx.Request(request.method, request.url, headers=headers, content=content)
        return await super().handle_async_request(sent)


async def test_an_order_that_became_another_one_is_not_waited_for() -> None:
    async with live(transport=Clerk(b"NON_PUBLISHED", b"LISTED")) as stage:
        outcomes = await stage.erase(await stage.items())
    assert {one.code for one in outcomes if isinstance(one, Failed)} == {"not_in_order"}
    assert all(isinstance(one, Failed) for one in outcomes)


@pytest.mark.parametrize(("taken", "is_it"), [("Anders", False), (NEW_NAME.upper(), True)])
async def test_a_correction_is_told_from_another_one_and_not_from_its_spelling(
    taken: str, *, is_it: bool
) -> None:
    async with live(transport=Clerk(NEW_NAME.encode(), taken.encode())) as stage:
        record = (await stage.found())[0]
        (old,) = record.fields[Field.NAME_FAMILY]
        change = ItemChange(record.item, (FieldChange(Field.NAME_FAMILY, old, NEW_NAME),))
        (told,) = await stage.connector.rectify([change], key="key-1")
    assert isinstance(told.outcome, Pending if is_it else Failed)


async def test_a_cancelled_order_says_so() -> None:
    async with staged("cancelled") as stage:
        items = await stage.items()
        await stage.mock("/_fate", {"tn": stage.number, "fate": "cancel"})
        accepted = await stage.erase(items)
        await stage.clock.turn(3)
        ended = await stage.confirm(job_of(accepted), items)
    assert {each.code for each in ended if isinstance(each, Failed)} == {"order_cancelled"}


async def test_a_clean_up_is_waited_for_as_long_as_the_directory_says() -> None:
    async with staged("clean_up") as stage:
        items = await stage.items()
        await stage.mock("/_fate", {"tn": stage.number, "fate": "clean_up"})
        with pytest.raises(UnavailableError) as caught:
            await stage.erase(items)
    assert caught.value.after == timedelta(days=1).total_seconds()


async def test_another_order_under_way_is_waited_for_and_not_taken_for_a_delisting() -> None:
    async with live() as stage:
        records = await stage.found()
        (before,) = records[0].fields[Field.NAME_FAMILY]
        change = FieldChange(Field.NAME_FAMILY, before, NEW_NAME)
        await stage.connector.rectify([ItemChange(records[0].item, (change,))], key="key-1")
        with pytest.raises(UnavailableError):
            await stage.erase([records[0].item], "key-2")


async def test_a_listing_that_is_registered_and_follows_online_is_not_gone() -> None:
    async with live() as stage:
        online = (await stage.items())[:1]
        await stage.erase(online)
        await stage.clock.turn(30)
        assert await stage.connector.still_held(online) == []
        await stage.mock("/_feed", {"tn": stage.number})  # nothing shows it yet
        assert await stage.connector.still_held(online) == online
        assert (await stage.items())[:1] == online
        job = job_of(await stage.erase(online, "key-2"))
        await stage.clock.turn(30)
        assert await stage.confirm(job, online) == [ERASED]
        assert await stage.connector.still_held(online) == []
