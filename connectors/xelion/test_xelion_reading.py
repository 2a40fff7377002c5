"""What the Xelion connector finds over a real socket, and what it does not believe."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

import httpx
import pytest

import avgate_contracts as sdk
from avgate_mocks.people import Person, Role
from avgate_xelion import XelionConnector

from .stage import Between, counted, everything, live, only


@pytest.mark.parametrize("role", [Role.SAME_NAME_FIRST, Role.NUMBER_BEFORE, Role.NUMBER_AFTER])
async def test_access_finds_all_that_the_upstream_holds_and_leaves_no_trace(role: Role) -> None:
    async with live(who=role) as stage:
        records = await stage.found()
        assert counted(records) == await stage.held()
        assert await stage.effects() == Counter()
    calls = [record for record in records if record.occurred_at]
    assert len({r.item.ref for r in records}) == len(records)
    assert all(
        stage.subject.known_by(r.identifiers, on=sdk.local_day(r.occurred_at))
        for r in calls
        if r.occurred_at
    )


@pytest.mark.parametrize("role", [Role.NUMBER_BEFORE, Role.NUMBER_AFTER])
async def test_of_a_number_handed_on_only_the_days_of_its_holder_are_read(role: Role) -> None:
    def first_number(person: Person) -> tuple[sdk.Identifier, ...]:
        line = person.lines[0]
        days = line.held.start, line.held.end
        return (sdk.Identifier.of(sdk.IdentifierKind.PHONE, line.number, *days),)

    async with live(who=role, known=first_number) as stage:
        records = await stage.found()
    held = stage.person.lines[0].held
    days = [sdk.local_day(r.occurred_at) for r in records if r.occurred_at]
    contacts = [r for r in records if r.item.category is sdk.Category.CONTACTS]
    assert days
    assert all(held.covers(day) for day in days)
    assert len(contacts) == (role is Role.NUMBER_AFTER), "the object is whoever has the number now"


@pytest.mark.parametrize("between", ["/", "\u2013", "\u2014", "-", " ", "."])
async def test_a_card_is_found_whatever_stands_between_the_digits(between: str) -> None:
    phone = sdk.Identifier.of(sdk.IdentifierKind.PHONE, "+31703456789")
    async with live(known=lambda _: (phone,)) as stage:
        body: dict[str, sdk.Json] = {"objectType": "Person", "familyName": "Een Ander"}
        body["telecomAddresses"] = [{"address": f"070{between}3456789", "addressType": "Telephone"}]
        await stage.http.send("POST", "/addressables", json=body)
        (card,) = await stage.found()
    assert card.fields[sdk.Field.PHONE] == (f"070{between}3456789",)


async def test_two_cards_with_one_number_need_more_to_tell_them_apart() -> None:
    async with live(known=only("phone")) as stage:
        line = {"address": stage.person.lines[0].number, "addressType": "Telephone"}
        body: dict[str, sdk.Json] = {"objectType": "Person", "familyName": "Een Ander"}
        body["telecomAddresses"] = [{**line}]
        await stage.http.send("POST", "/addressables", json=body)
        with pytest.raises(sdk.AmbiguousSubjectError) as raised:
            await stage.found()
        known = everything(stage.person)
        found = [each async for each in stage.connector.access(sdk.DataSubject("s", known))]
    shown = [each.data for each in found if isinstance(each, sdk.Record)]
    cards = {data["oid"] for data in shown if data.get("objectType") == "Person"}
    assert stage.person.lines[0].number not in str(raised.value)
    assert cards == {stage.person.xelion_id}


class Astray(Between):
    """Gives the first communication that was asked for to whoever asks for another."""

    _first: httpx.URL | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if re.search(r"/communications/[^/]+$", request.url.path):
            self._first = request.url = self._first or request.url
        return await super().handle_async_request(request)


async def test_an_answer_about_another_call_hides_none() -> None:
    async with live(transport=Astray()) as stage:
        with pytest.raises(sdk.ContractBrokenError):
            await stage.items()


class Vanishing(Between):
    """What its lists name is not there by itself."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = re.compile(path)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._path.search(request.url.path):
            return httpx.Response(404, json={"errorCode": 10100})
        return await super().handle_async_request(request)


@pytest.mark.parametrize("path", ["/addressables/[0-9]+$", "/communications/[0-9]+$"])
async def test_what_is_listed_and_not_there_by_itself_is_not_left_out(path: str) -> None:
    async with live(known=only("phone"), transport=Vanishing(path)) as stage:
        with pytest.raises(sdk.UnavailableError, match="in a list"):
            await stage.items()


@pytest.mark.parametrize(
    "day", ["0001-01-01 00:00:00", "1815-06-18 11:00:00", "9999-12-31 23:59:59"]
)
@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_a_call_log_that_ends_on_no_day_at_all_says_so(day: str, order: str) -> None:
    def odd(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("order") != order:
            return around_midnight(request)
        return httpx.Response(200, json={"data": [{"object": {"oid": "9", "date": day}}]})

    phone = sdk.Identifier.of(sdk.IdentifierKind.PHONE, "+31612345678")
    async with live(known=lambda _: (phone,), transport=httpx.MockTransport(odd)) as stage:
        with pytest.raises(sdk.ContractBrokenError, match="correct that date"):
            await stage.items()


@pytest.mark.parametrize("body", [b"<p>not here", b'{"errorCode":0,"errorCode":10100}'])
async def test_a_404_that_xelion_did_not_write_is_no_proof_that_something_is_gone(
    body: bytes,
) -> None:
    def proxy(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me/login"):
            return httpx.Response(200, json={"authentication": "t"})
        return httpx.Response(404, content=body)

    async with live(transport=httpx.MockTransport(proxy)) as stage:
        item = sdk.ItemRef("contacts:1650035::", sdk.Category.CONTACTS, sdk.Product.XELION)
        with pytest.raises(sdk.ContractBrokenError):
            await stage.connector.still_held([item])
        with pytest.raises(sdk.ContractBrokenError):
            await stage.erase(item)


def around_midnight(request: httpx.Request) -> httpx.Response:
    """A bare number that was used, and called from, just before and just after Dutch midnight."""
    days = ("2026-07-01 21:59:59", "2026-07-01 22:00:00")  # UTC, in summer
    number = {"oid": "5", "address": "+31612345678"}
    line = {**number, "lastUsedOn": days[1]}
    card: Mapping[str, object] = {
        "oid": "1", "objectType": "UnknownAddressable", "telecomAddresses": [line],
    }  # fmt: skip
    end = {**number, "addressable": {"oid": "1"}}
    calls: Sequence[Mapping[str, object]] = [
        {"oid": str(oid), "date": day, "participants": [end], "voicemail": False}
        for oid, day in enumerate(days, start=10)
    ]
    path, asked = request.url.path.rpartition("/")[2], request.url.params
    if path == "login":
        return httpx.Response(200, json={"authentication": "t"})
    found = [each for each in (card, *calls) if each["oid"] == path]
    if found:
        return httpx.Response(200, json={"object": found[0]})
    lists = {"addressables": [card], "communications": calls}
    rows = [] if "after" in asked else lists[path]
    rows = rows[:1] if asked.get("order") == "ascending" else rows[::-1]
    return httpx.Response(200, json={"data": [{"object": row} for row in rows], "meta": {}})


@pytest.mark.parametrize(("held", "oids"), [("until", ["10"]), ("from", ["11", "1"])])
async def test_a_number_changes_hands_at_dutch_midnight(held: str, oids: list[str]) -> None:
    day = date(2026, 7, 2)
    window = (None, day) if held == "until" else (day, None)
    phone = sdk.Identifier.of(sdk.IdentifierKind.PHONE, "+31612345678", *window)
    transport = httpx.MockTransport(around_midnight)
    async with live(transport=transport, known=lambda _: (phone,)) as stage:
        found = [record.data["oid"] for record in await stage.found()]
    assert found == oids


async def test_a_page_for_people_is_no_recording() -> None:
    async with live() as stage:
        records = await stage.found()
        (file,) = next(r.attachments for r in records if r.attachments)
        await stage.plant("html_200", path_contains="/audio", times=40)
        with pytest.raises(sdk.ContractBrokenError):
            await stage.found()
        await stage.plant("html_200", path_contains="/audio", times=40)
        with pytest.raises(sdk.ContractBrokenError):
            async with file.open():
                pass


async def test_pages_that_lead_in_a_circle_are_not_followed_for_ever() -> None:
    page = {"data": [{"object": {"oid": "1", "objectType": "Person"}}]}

    def circle(request: httpx.Request) -> httpx.Response:
        login = request.url.path.endswith("/me/login")
        return httpx.Response(200, json={"authentication": "t"} if login else page)

    async with live(transport=httpx.MockTransport(circle), known=only("phone")) as stage:
        with pytest.raises(sdk.ContractBrokenError, match="lead back"):
            await stage.found()


async def test_in_the_foulest_mood_access_shows_everything_or_says_that_it_could_not() -> None:
    limits = replace(XelionConnector.manifest.limits, timeout=0.3, attempts=6)
    async with live(limits=limits) as stage:
        await stage.told("/_faults", {"mood": "nasty"})
        ended: list[dict[str, int]] = []
        while len(ended) < 2:
            with suppress(sdk.UnavailableError, sdk.ContractBrokenError):
                ended.append(counted(await stage.found()))
        held = await stage.held()
    assert ended == [held, held]
