"""The Xelion connector: replayed from cassettes, and over real sockets where things go wrong.

Each test that uses `staged` replays the cassette of that name. If there is none it is recorded
from the mock, redacted, and kept only if the test passes, if `--record` asks for it: to record one anew, delete it first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
from vcr import VCR  # type: ignore[import-untyped]  # vcrpy ships no types

import avgate_contracts as sdk
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Period, Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_mocks.xelion import config_section
from avgate_xelion import XelionConnector, XelionSettings

CASSETTES = Path(__file__).with_name("cassettes")
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
NEW_NAME = "Nieuwenhuis"
TWO_MAILS = ("saskia.dijkstra.1@example.com", "s.dijkstra@example.org")
NEW_MAIL = "nieuw@elders.example"
NAMES = frozenset({"givenName", "familyName", "namePrefix", "initials", "name", "password"})
NAMES |= {"street", "streetNumber", "zipCode", "city", "authentication", "renewalToken"}
TEXTS = frozenset({"commonName", "subject", "contents", "contentSummary"})
SILENCE = b"\xff\xfb\x90\xc4" + bytes(8)
DONE = sdk.Completed(sdk.Effect.ANONYMISED)
RECTIFIED, RIGHT = sdk.Completed(sdk.Effect.RECTIFIED), sdk.Completed(sdk.Effect.ALREADY_RIGHT)
ERASED, GONE = sdk.Completed(sdk.Effect.ERASED), sdk.Completed(sdk.Effect.ALREADY_GONE)
Known = Callable[[Person], tuple[sdk.Identifier, ...]]


@dataclass(slots=True)
class Clock:
    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    async def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Stage:
    """A connector with somebody to look for; `control` leads to the mock, if there is one."""

    connector: XelionConnector
    http: sdk.HttpClient
    subject: sdk.DataSubject
    person: Person
    clock: Clock
    control: httpx.AsyncClient

    async def found(self) -> list[sdk.Record]:
        return [record async for record in self.connector.access(self.subject)]

    async def items(self) -> list[sdk.ItemRef]:
        return [record.item for record in await self.found()]

    async def erase(self, *items: sdk.ItemRef, key: str = "key-1") -> list[sdk.Outcome]:
        return [each.outcome for each in await self.connector.erase(items, key=key)]

    async def rectify(
        self, item: sdk.ItemRef, *changes: sdk.FieldChange, key: str = "key-1"
    ) -> sdk.Outcome:
        (one,) = await self.connector.rectify([sdk.ItemChange(item, changes)], key=key)
        return one.outcome

    async def card(self) -> sdk.Record:
        return next(r for r in await self.found() if r.fields)

    async def told(self, path: str, body: object = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = await self.control.request(method, path, json=body)
        return answer.raise_for_status().json()

    async def plant(self, fault: str, **more: object) -> None:
        await self.told("/_faults", {"rules": [{"fault": fault, **more}]})

    async def effects(self) -> Counter[str]:
        return Counter(each["kind"] for each in (await self.told("/_ledger"))["effects"])

    async def held(self) -> dict[str, int]:
        people = (await self.told("/_people"))["people"]
        return next(each["holds"] for each in people if each["id"] == self.person.id)


def counted(records: list[sdk.Record]) -> dict[str, int]:
    return dict(Counter(record.item.category.value for record in records))


def family(after: str, before: str) -> sdk.FieldChange:
    return sdk.FieldChange(sdk.Field.NAME_FAMILY, before, after)


def mail(before: str, after: str) -> sdk.FieldChange:
    return sdk.FieldChange(sdk.Field.EMAIL, before, after)


def fake_digits(digits: str) -> str:
    return f"{crc32(digits.encode()) % 10_000_000:07d}"


def spoken(text: str) -> str:
    """Numbers and e-mail addresses made others, always the same for the same."""
    text = re.sub(
        r"((?:\+31|0031|\b0)[ -]?\d\d[ -]?)(\d{7})\b",
        lambda found: found[1] + fake_digits(found[2]),
        text,
    )
    return re.sub(
        r"[\w.]+@example\.\w+",
        lambda found: f"persoon{crc32(found[0].lower().encode()) % 1000}@example.org",
        text,
    )


def redacted(sent: Any, name: str = "") -> Any:
    if isinstance(sent, dict):
        return {key: redacted(value, key) for key, value in sent.items()}
    if isinstance(sent, list):
        return [redacted(value) for value in sent]
    if not isinstance(sent, str) or sent in ("", NEW_NAME):
        return sent
    if name in NAMES | TEXTS:
        return f"{name}-{crc32(sent.encode()) % 10_000}"
    return re.sub(r"//[^/]+/", "//xelion.example/", spoken(sent))


def redacted_body(body: bytes | str | None, name: str = "") -> str:
    if not body:
        return ""
    return json.dumps(redacted(json.loads(body), name), ensure_ascii=False)


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: headers by name, and nobody's data."""
    request.uri = re.sub(r"//[^/]+", "//xelion.example", request.uri)
    wanted = ("accept", "accept-encoding", "content-type", "idempotency-key")
    request.headers = {name: v for name, v in request.headers.items() if name.lower() in wanted}
    name = "renewalToken" if request.path.endswith("/me/renew") else ""
    request.body = redacted_body(request.body, name)
    kept = ("content-type",)
    response["headers"] = {n: v for n, v in response["headers"].items() if n.lower() in kept}
    sound = response["body"]["string"].startswith(b"\xff\xfb")
    content = SILENCE if sound else redacted_body(response["body"]["string"])
    response["body"] = {"string": content}
    return request, response


def same_key(one: Any, other: Any) -> None:
    assert one.headers.get("idempotency-key") == other.headers.get("idempotency-key")


def tape(name: str) -> Any:
    known = (CASSETTES / f"{name}.yaml").exists()
    recorder = VCR(
        cassette_library_dir=str(CASSETTES),
        record_mode="none" if known else "once",
        record_on_exception=False,
        match_on=("method", "path", "query", "body", "key"),
        before_record_request=lambda request: None if request.path.startswith("/_") else request,
        before_save_interaction=redact,
    )
    recorder.register_matcher("key", same_key)
    return recorder.use_cassette(f"{name}.yaml")


def everything(person: Person) -> tuple[sdk.Identifier, ...]:
    return tuple(
        sdk.Identifier.of(each.kind, each.value, each.valid_from, each.valid_until)
        for each in person.identifiers()
    )


def only(*kinds: str) -> Known:
    return lambda person: tuple(each for each in everything(person) if each.kind in kinds)


def disguised(known: Known) -> Known:
    """As the cassettes call them."""
    return lambda person: tuple(replace(e, value=spoken(e.value)) for e in known(person))


def small(shared: World, emails: tuple[str, ...] = ()) -> World:
    """With one person who had few calls, of late: what fits into a cassette."""
    person = cast(shared.people)[Role.SAME_NAME_FIRST]
    since = Period(shared.as_of - timedelta(days=70))
    calls = {"xelion_calls": 4, "xelion_voicemails": 1, "xelion_recordings": 1}
    lines = tuple(replace(line, held=since) for line in person.lines)
    volume = replace(person.volume, **calls)
    one = replace(person, lines=lines, volume=volume, emails=emails or person.emails)
    return replace(shared, people=(one,))


def calm() -> World:
    return world(seed=1, now=lambda: NOON)


def handed_on() -> World:
    """The new holder of a number, and the one before: the object of that number is nobody's own."""
    held = {"xelion_calls": 2, "xelion_voicemails": 0, "xelion_recordings": 0}
    roles = (Role.NUMBER_AFTER, Role.NUMBER_BEFORE)
    people = [cast(calm().people)[role] for role in roles]
    return replace(
        calm(), people=tuple(replace(p, volume=replace(p.volume, **held)) for p in people)
    )


@asynccontextmanager
async def staged(
    name: str,
    known: Known = everything,
    emails: tuple[str, ...] = (),
    chosen: World | None = None,
) -> AsyncIterator[Stage]:
    """Replays a cassette; without one, plays with the mock and records it."""
    shared = chosen or small(calm(), emails)
    person = shared.people[0]
    if not (CASSETTES / f"{name}.yaml").exists():
        async with live(known=known, chosen=shared) as stage:
            with tape(name):
                yield stage
        return
    section = dict(config_section(shared, LIBERVOICE, 0))
    section["base_url"] = "http://xelion.example/api/v1/libervoice"
    section["password"] = redacted(section["password"], "password")
    async with acting(section, person, disguised(known)) as stage:
        with tape(name) as played:
            yield stage
            assert played.all_played


@asynccontextmanager
async def live(
    who: Role | None = None,
    known: Known = everything,
    chosen: World | None = None,
    **more: Any,
) -> AsyncIterator[Stage]:
    """Plays with the mock over a real socket; with the whole cast if one of them is asked for."""
    chosen = chosen or (small(calm()) if who is None else calm())
    person = chosen.people[0] if who is None else cast(chosen.people)[who]
    async with running(chosen, ["xelion"]) as addresses:
        port = int(addresses["xelion"].rsplit(":")[-1])
        section = {**config_section(chosen, person.controller, port), **more.pop("section", {})}
        async with acting(section, person, known, base=addresses["xelion"], **more) as stage:
            yield stage


@asynccontextmanager
async def acting(
    section: Mapping[str, object],
    person: Person,
    known: Known,
    *,
    base: str = "http://mock.invalid",
    transport: httpx.AsyncBaseTransport | None = None,
    limits: sdk.Limits = XelionConnector.manifest.limits,
) -> AsyncIterator[Stage]:
    clock = Clock()
    settings = XelionSettings.model_validate(section)
    runtime = sdk.Runtime(
        transport=(lambda: transport) if transport else None, now=clock.now, sleep=clock.turn
    )
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=base, verify=NO_TLS))
        http = await stack.enter_async_context(sdk.open_client(settings, limits, runtime))
        subject = sdk.DataSubject("subject-1", known(person))
        connector = XelionConnector(settings, http)
        yield Stage(connector, http, subject, person, clock, control)


# --- from cassettes -------------------------------------------------------------------------------


async def test_check_makes_one_harmless_call() -> None:
    async with staged("check") as stage:
        await stage.connector.check()


async def test_access_shows_the_card_the_bare_number_and_every_call_with_its_sound() -> None:
    async with staged("access") as stage:
        records = await stage.found()
    assert counted(records) == {
        "communication_metadata": 5,
        "voicemail": 1,
        "recording": 1,
        "contacts": 2,
    }
    assert all(
        stage.subject.known_by(r.identifiers, on=r.occurred_at and sdk.local_day(r.occurred_at))
        for r in records
    )
    assert all(r.data["participants"] for r in records if "participants" in r.data)
    assert [r.item.category for r in records][-2:] == [sdk.Category.CONTACTS] * 2


async def test_a_number_on_no_card_leads_to_the_object_that_the_system_made_of_it() -> None:
    def mobile(person: Person) -> tuple[sdk.Identifier, ...]:
        return (sdk.Identifier.of(sdk.IdentifierKind.PHONE, person.lines[1].number),)

    async with staged("bare_number", mobile) as stage:
        records = await stage.found()
    (contact,) = [r for r in records if r.item.category is sdk.Category.CONTACTS]
    assert contact.data["objectType"] == "UnknownAddressable"
    assert contact.fields == {}
    assert counted(records)["communication_metadata"] >= 1


async def test_export_streams_the_sound_of_voicemails_and_recordings() -> None:
    async with staged("export", only("xelion_id")) as stage:
        records = [record async for record in stage.connector.export(stage.subject)]
        files = [file for record in records for file in record.attachments]
        for file in files:
            async with file.open() as chunks:
                first = b"".join([chunk async for chunk in chunks])[:2]
            assert (first, file.media_type) == (b"\xff\xfb", "audio/x-mp3")
    assert files
    assert all(r.attachments for r in records if r.item.erasure is sdk.ErasureWay.BY_HAND)


async def test_nobody_is_found_by_what_nobody_has() -> None:
    def stranger(_person: Person) -> tuple[sdk.Identifier, ...]:
        return (sdk.Identifier.of(sdk.IdentifierKind.EMAIL, "niemand@example.org"),)

    async with staged("stranger", stranger) as stage:
        assert await stage.found() == []


async def test_a_name_is_changed_where_the_old_one_stands_and_read_back() -> None:
    async with staged("rectify", only("xelion_id")) as stage:
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)
        again = await stage.rectify(card.item, name, key="key-2")
        other = await stage.rectify(card.item, family("Anders", "Iemand"), key="key-3")
        now = await stage.card()
    assert again == sdk.Completed(sdk.Effect.ALREADY_RIGHT)
    assert isinstance(other, sdk.Refused)
    assert other.code == "changed_meanwhile"
    assert now.fields[sdk.Field.NAME_FAMILY] == (NEW_NAME,)


async def test_of_two_addresses_the_one_that_is_named_is_changed() -> None:
    async with staged("two_addresses", only("xelion_id"), TWO_MAILS) as stage:
        card = await stage.card()
        first, second = card.fields[sdk.Field.EMAIL]
        new = mail(second.upper(), NEW_MAIL)
        assert await stage.rectify(card.item, new) == RECTIFIED
        assert (await stage.card()).fields[sdk.Field.EMAIL] == (first, NEW_MAIL)
        assert await stage.rectify(card.item, new, key="key-2") == RIGHT
        other = await stage.rectify(card.item, mail(second, "ander@elders.example"), key="key-3")
        assert await stage.rectify(card.item, mail(first, NEW_MAIL), key="key-4") == RECTIFIED
        assert (await stage.card()).fields[sdk.Field.EMAIL] == (NEW_MAIL, NEW_MAIL)
    assert isinstance(other, sdk.Refused)
    assert other.code == "changed_meanwhile"


async def test_a_session_is_renewed_with_a_token_that_is_a_bare_string() -> None:
    async with staged("renewed") as stage:
        await stage.connector.check()
        await stage.clock.turn(3590)  # of the 3600 seconds that a session lasts
        await stage.connector.check()


async def test_erase_strips_calls_deletes_cards_and_leaves_sound_to_a_person() -> None:
    async with staged("erase") as stage:
        records = await stage.found()
        items = [record.item for record in records]
        first = await stage.erase(*items)
        left = await stage.connector.still_held(items)
        second = await stage.erase(*items)
    by_hand = [item for item in items if item.erasure is sdk.ErasureWay.BY_HAND]
    assert left == by_hand
    for item, outcome, again in zip(items, first, second, strict=True):
        match item.erasure:
            case sdk.ErasureWay.ANONYMISE:
                assert (outcome, again) == (DONE, GONE)
            case sdk.ErasureWay.DELETE:
                assert (outcome, again) == (ERASED, GONE)
            case _:
                assert isinstance(outcome, sdk.Unsupported)
                assert (outcome.code, again) == ("no_delete", outcome)


# --- over a real socket ---------------------------------------------------------------------------


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


async def test_two_cards_with_one_number_need_more_to_tell_them_apart() -> None:
    async with live(known=only("phone")) as stage:
        line = {"address": stage.person.lines[0].number, "addressType": "Telephone"}
        body: dict[str, sdk.Json] = {"objectType": "Person", "familyName": "Een Ander"}
        body["telecomAddresses"] = [{**line}]
        await stage.http.send("POST", "/addressables", json=body)
        with pytest.raises(sdk.AmbiguousSubjectError) as raised:
            await stage.found()
        known = everything(stage.person)
        items = [r async for r in stage.connector.access(sdk.DataSubject("s", known))]
        cards = {r.data["oid"] for r in items if r.data.get("objectType") == "Person"}
    assert stage.person.lines[0].number not in str(raised.value)
    assert cards == {stage.person.xelion_id}


async def test_a_call_can_be_stripped_after_the_card_it_led_to_is_gone() -> None:
    async with live() as stage:
        items = await stage.items()
        cards = [item for item in items if item.category is sdk.Category.CONTACTS]
        calls = [item for item in items if item.erasure is sdk.ErasureWay.ANONYMISE]
        assert await stage.erase(*cards) == [ERASED] * len(cards)
        assert await stage.connector.still_held(calls) == calls
        assert await stage.erase(*calls) == [DONE] * len(calls)
        assert "communication_metadata" not in await stage.held()


async def test_what_a_person_removed_by_hand_is_gone() -> None:
    async with live() as stage:
        items = [i for i in await stage.items() if i.erasure is sdk.ErasureWay.BY_HAND]
        oids = [item.ref.split(":")[1] for item in items]
        await stage.told("/_by_hand", {"tenant": LIBERVOICE, "oids": oids})
        assert await stage.connector.still_held(items) == []
        assert await stage.erase(*items) == [GONE] * len(items)


async def test_an_object_without_the_right_to_remove_it_is_refused() -> None:
    async with staged("no_permission", only("phone"), chosen=handed_on()) as stage:
        cards = [i for i in await stage.items() if i.category is sdk.Category.CONTACTS]
        outcomes = await stage.erase(*cards)
        left = await stage.connector.still_held(cards)
    codes = [each.code for each in outcomes if isinstance(each, sdk.Refused)]
    assert codes == ["no_permission"]
    assert len(left) == 1


@pytest.mark.parametrize("fault", ["answer_lost", "hang_after", "error_after"])
async def test_a_delete_whose_answer_was_lost_is_an_erasure_all_the_same(fault: str) -> None:
    limits = replace(XelionConnector.manifest.limits, timeout=2)
    async with live(limits=limits) as stage:
        card = (await stage.items())[-1]
        await stage.plant(fault, method="DELETE")
        assert await stage.erase(card) == [ERASED]
        assert await stage.effects() == Counter(delete=1)


async def test_a_lost_answer_that_did_nothing_is_unknown_and_the_next_try_does_it() -> None:
    limits = replace(XelionConnector.manifest.limits, attempts=1)
    async with live(limits=limits) as stage:
        items = await stage.items()
        call = next(i for i in items if i.erasure is sdk.ErasureWay.ANONYMISE)
        card = next(r for r in await stage.found() if r.fields)
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        await stage.plant("error_503", method="PATCH", times=10)
        (lost,) = await stage.erase(call)
        renamed = await stage.rectify(card.item, name)
        await stage.plant("error_503", method="DELETE")
        (kept,) = await stage.erase(card.item)
        assert await stage.effects() == Counter()
        assert all(isinstance(each, sdk.Unknown) for each in (lost, renamed, kept))
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)
        assert await stage.erase(call, card.item) == [DONE, ERASED]


async def test_a_lost_answer_that_did_it_is_read_back() -> None:
    limits = replace(XelionConnector.manifest.limits, attempts=1)
    async with live(limits=limits) as stage:
        call = next(i for i in await stage.items() if i.erasure is sdk.ErasureWay.ANONYMISE)
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        await stage.plant("answer_lost", method="PATCH", times=2)
        assert await stage.erase(call) == [DONE]
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)


@pytest.mark.parametrize("fault", ["answer_lost", "error_503"])  # done, and not done
async def test_a_change_whose_answer_was_lost_is_looked_for_before_it_is_made_again(
    fault: str,
) -> None:
    async with live() as stage:
        call = next(i for i in await stage.items() if i.erasure is sdk.ErasureWay.ANONYMISE)
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        await stage.plant(fault, method="PATCH")
        assert await stage.erase(call) == [DONE]
        await stage.plant(fault, method="PATCH")
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)
        assert await stage.effects() == Counter(anonymise=1, change=1)


async def test_a_name_that_the_upstream_cannot_spell_is_not_written() -> None:
    async with live(who=Role.BEYOND_WINDOWS_1252) as stage:
        card = await stage.card()
        (before,) = card.fields[sdk.Field.NAME_GIVEN]
        change = sdk.FieldChange(sdk.Field.NAME_GIVEN, before, "Gülşen")
        outcome = await stage.rectify(card.item, change)
        assert await stage.effects() == Counter()
    assert stage.person.controller == MISTER_VOIP
    assert before == "Gül?en"
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "altered_by_upstream"


class Between(httpx.AsyncBaseTransport):
    """Stands on the line: notes what passes, and changes what is sent."""

    def __init__(self, change: Callable[[bytes], bytes] = bytes) -> None:
        self._real = httpx.AsyncHTTPTransport(verify=NO_TLS)
        self._change = change
        self.passed: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = self._change(await request.aread())
        headers = [(n, v) for n, v in request.headers.multi_items() if n != "content-length"]
        sent = httpx.Request(request.method, request.url, headers=headers, content=content)
        answer = await self._real.handle_async_request(sent)
        self.passed.append((request.method, request.url.path.rsplit("/", 1)[-1]))
        return answer

    async def aclose(self) -> None:
        await self._real.aclose()


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


async def test_a_value_that_was_altered_on_the_way_is_found_by_reading_back() -> None:
    line = Between(lambda sent: sent.replace(NEW_NAME.encode(), NEW_NAME.lower().encode()))
    async with live(transport=line) as stage:
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        outcome = await stage.rectify(card.item, name)
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "altered_by_upstream"


async def test_a_call_that_still_shows_the_name_is_not_called_anonymous() -> None:
    def participants_alone(sent: bytes) -> bytes:
        if b"/participants" not in sent:
            return sent
        return json.dumps({"operations": json.loads(sent)["operations"][:1]}).encode()

    async with live(transport=Between(participants_alone)) as stage:
        call = next(i for i in await stage.items() if i.erasure is sdk.ErasureWay.ANONYMISE)
        (outcome,) = await stage.erase(call)
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "identity_left"


async def test_calls_are_stripped_before_the_cards_that_lead_to_them_are_deleted() -> None:
    line = Between()
    async with live(transport=line) as stage:
        items = await stage.items()
        await stage.erase(*reversed(items))
    writes = [method for method, _ in line.passed if method in {"PATCH", "DELETE"}]
    assert writes == sorted(writes, reverse=True)
    assert set(writes) == {"PATCH", "DELETE"}


async def test_what_is_on_no_card_cannot_be_changed() -> None:
    async with live() as stage:
        records = await stage.found()
        call = next(r.item for r in records if r.item.erasure is sdk.ErasureWay.ANONYMISE)
        card = next(r for r in records if r.fields)
        bank = sdk.FieldChange(sdk.Field.BANK_ACCOUNT, "", "NL00TEST0000000000")
        codes = [await stage.rectify(item, bank) for item in (call, card.item)]
    assert [each.code for each in codes if isinstance(each, sdk.Unsupported)] == [
        "not_rectifiable",
        "no_such_field",
    ]


async def test_a_number_is_changed_however_it_is_written_and_an_address_too() -> None:
    async with live() as stage:
        card = await stage.card()
        wanted = {sdk.Field.PHONE: "+31201234567", sdk.Field.ADDRESS_CITY: "Leiden"}
        changes = [sdk.FieldChange(n, card.fields[n][0], value) for n, value in wanted.items()]
        assert await stage.rectify(card.item, *changes) == sdk.Completed(sdk.Effect.RECTIFIED)
        seen = sdk.DataSubject("s", only("xelion_id")(stage.person))
        after = [r async for r in stage.connector.access(seen) if r.fields]
    assert {name: after[0].fields[name][0] for name in wanted} == wanted


async def test_a_number_that_stands_twice_goes_from_both_places() -> None:
    async with live(known=only("xelion_id")) as stage:
        card, path = await stage.card(), "/addressables/{oid}"
        (first, *_), ids = card.fields[sdk.Field.PHONE], {"oid": str(card.data["oid"])}
        written_otherwise = {"address": "0031 " + first.replace("-", "").removeprefix("0")}
        await stage.http.send(
            "PATCH", path, ids=ids, json=adding("telecomAddresses", written_otherwise)
        )
        change = sdk.FieldChange(sdk.Field.PHONE, first, "+31201234567")
        assert await stage.rectify(card.item, change) == RECTIFIED
        now = (await stage.card()).fields[sdk.Field.PHONE]
    assert now.count("+31201234567") == 2
    assert not {first, *written_otherwise.values()} & set(now)


async def test_of_two_homes_in_one_town_none_is_moved_on_a_guess() -> None:
    async with live(known=only("xelion_id")) as stage:
        card, path = await stage.card(), "/addressables/{oid}"
        (town,), ids = card.fields[sdk.Field.ADDRESS_CITY], {"oid": str(card.data["oid"])}
        await stage.http.send("PATCH", path, ids=ids, json=adding("addresses", {"city": town}))
        before = await stage.effects()
        assert (await stage.card()).fields[sdk.Field.ADDRESS_STREET][1:] == ("",)
        moved = sdk.FieldChange(sdk.Field.ADDRESS_CITY, town, "Leiden")
        outcome = await stage.rectify(card.item, moved)
        assert await stage.effects() == before
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "several"


def adding(relation: str, values: Mapping[str, str]) -> sdk.Json:
    at = f"/{relation}/1"
    steps: list[sdk.Json] = [{"op": "add", "path": at, "value": None}]
    steps += [{"op": "replace", "path": f"{at}/{name}", "value": v} for name, v in values.items()]
    return {"operations": steps}


async def test_a_right_value_elsewhere_does_not_hide_that_another_was_altered() -> None:
    line = Between(lambda sent: sent.replace(TWO_MAILS[0].encode(), b"s?skia@example.com"))
    async with live(None, only("xelion_id"), small(calm(), TWO_MAILS), transport=line) as stage:
        card = await stage.card()
        outcome = await stage.rectify(card.item, mail(TWO_MAILS[1], TWO_MAILS[0]))
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "altered_by_upstream"


async def test_a_session_left_behind_does_not_lock_us_out() -> None:
    async with (
        live() as stage,
        sdk.open_client(
            stage_settings := _settings_of(stage), XelionConnector.manifest.limits, sdk.Runtime()
        ) as other,
    ):
        await stage.connector.check()
        await XelionConnector(stage_settings, other).check()
        await stage.connector.check()


def _settings_of(stage: Stage) -> XelionSettings:
    section = config_section(calm(), LIBERVOICE, stage.control.base_url.port or 0)
    return XelionSettings.model_validate(section)


async def test_a_session_is_renewed_before_it_runs_out_and_begun_anew_after() -> None:
    line = Between()
    async with live(transport=line) as stage:
        await stage.connector.check()
        await stage.clock.turn(3590)
        await stage.connector.check()
        assert [name for _, name in line.passed] == [
            *("login", "addressables"),
            *("renew", "addressables"),
        ]
        await stage.told("/_clock", {"advance_seconds": 7200})
        await stage.connector.check()
    assert [name for _, name in line.passed][4:] == [
        "addressables",
        "renew",
        "login",
        "addressables",
    ]


async def test_the_session_before_is_ended_by_the_log_in_that_follows() -> None:
    line = Between(lambda sent: b'"superseded"' if sent.startswith(b'"') else sent)
    async with live(transport=line) as stage:
        await stage.connector.check()
        await stage.clock.turn(3590)
        await stage.connector.check()
    names = [name for _, name in line.passed]
    assert names == ["login", "addressables", "renew", "login", "addressables"]


async def test_a_log_in_whose_answer_was_lost_is_made_good_in_another_user_space() -> None:
    lost = {"fault": "answer_lost", "path_contains": "/me/login"}
    async with live() as stage:
        await stage.told("/_faults", {"rules": [lost, {**lost, "skip": 1}]})
        await stage.connector.check()


async def test_wrong_credentials_are_for_an_operator_to_put_right() -> None:
    async with live(section={"password": "not the password"}) as stage:
        with pytest.raises(sdk.MisconfiguredError, match="10004") as raised:
            await stage.connector.check()
    assert "not the password" not in str(raised.value)


async def test_a_404_that_xelion_did_not_write_is_no_proof_that_something_is_gone() -> None:
    def proxy(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me/login"):
            return httpx.Response(200, json={"authentication": "t"})
        return httpx.Response(404, html="<p>not here")

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
    card = {"oid": "1", "objectType": "UnknownAddressable", "telecomAddresses": [line]}
    end = {**number, "addressable": {"oid": "1"}}
    calls = [
        {"oid": str(oid), "date": day, "participants": [end], "voicemail": False}
        for oid, day in enumerate(days, start=10)
    ]
    path, asked = request.url.path.rpartition("/")[2], request.url.params
    if path == "login":
        return httpx.Response(200, json={"authentication": "t"})
    found = [each for each in (card, *calls) if each["oid"] == path]
    if found:
        return httpx.Response(200, json={"object": found[0]})
    rows = [] if "after" in asked else {"addressables": [card], "communications": calls}[path]
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


async def test_neither_settings_nor_what_was_read_show_anybody_in_a_repr() -> None:
    async with live() as stage:
        settings = _settings_of(stage)
        records = await stage.found()
    shown = f"{settings!r} {records!r}"
    hidden = {stage.person.name.family, settings.password.get_secret_value()}
    hidden |= {each.value for each in everything(stage.person)}
    assert not [each for each in hidden if each in shown]


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


async def test_in_the_foulest_mood_erasing_ends_with_nothing_left_and_nothing_twice() -> None:
    limits = replace(XelionConnector.manifest.limits, timeout=0.3, attempts=5)
    async with live(limits=limits) as stage:
        items = await stage.items()
        await stage.told("/_faults", {"mood": "nasty"})
        for _ in range(40):
            try:
                outcomes = await stage.erase(*items)
            except sdk.ConnectorError:
                continue
            if not any(isinstance(each, sdk.Unknown) for each in outcomes):
                break
        await stage.told("/_faults", {"mood": "none"})
        effects = (await stage.told("/_ledger"))["effects"]
        left = await stage.connector.still_held(items)
    anonymised = Counter(e["path"] for e in effects if e["kind"] == "anonymise")
    deleted = Counter(e["path"] for e in effects if e["kind"] == "delete")
    assert {item.erasure for item in left} == {sdk.ErasureWay.BY_HAND}
    assert set(anonymised.values()) == set(deleted.values()) == {1}
