"""The directory connector: replayed from cassettes, and over real sockets where things go wrong.

Each test that uses `staged` replays the cassette of that name. If there is none it is recorded
from the mock, redacted, and kept only if the test passes, if `--record` asks for it: to record one anew, delete it first.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from vcr import VCR  # type: ignore[import-untyped]  # vcrpy ships no types

from avgate_contracts import (
    AmbiguousSubjectError,
    Completed,
    ContractBrokenError,
    DataSubject,
    Effect,
    Failed,
    Field,
    FieldChange,
    Identifier,
    IdentifierKind,
    ItemChange,
    ItemRef,
    MisconfiguredError,
    Outcome,
    Pending,
    Record,
    Refused,
    RefusedError,
    Runtime,
    UnavailableError,
    Unsupported,
    open_client,
)
from avgate_directory import DirectoryConnector, DirectorySettings
from avgate_mocks.directory import config_section
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import world

CASSETTES = Path(__file__).with_name("cassettes")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEXT_EDITION = date(2026, 9, 18)  # the editorial that closed 10 days ago + 180 days + 30 to print
NEW_NAME = "Nieuwenhuis"
FAKES = {
    "FirstName": "Test", "LastNamePrefix": "van", "LastName": "Persoon", "CreatedByUser": "user",
    "StreetName": "Teststraat", "HouseNumber": "1", "HouseSuffix": "A", "Zip": "1234 AB",
    "City": "Teststad",
}  # fmt: skip
SETTINGS = DirectorySettings.model_validate(
    {"base_url": "http://directory.example/api", "account_id": "1"}
    | {"username": "user", "password": "unused"}
)
ERASED, GONE = Completed(Effect.ERASED), Completed(Effect.ALREADY_GONE)


@dataclass(slots=True)
class Clock:
    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    async def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Stage:
    connector: DirectoryConnector
    settings: DirectorySettings
    subject: DataSubject
    clock: Clock
    mock: Callable[[str, object], Awaitable[Any]]  # tells or asks the mock, if there is one

    @property
    def number(self) -> str:
        return self.subject.identifiers[0].value

    async def found(self) -> list[Record]:
        return [record async for record in self.connector.access(self.subject)]

    async def items(self) -> list[ItemRef]:
        return [record.item for record in await self.found()]

    async def erase(self, items: list[ItemRef], key: str = "key-1") -> list[Outcome]:
        return [o.outcome for o in await self.connector.erase(items, key=key)]

    async def confirm(self, job: str, items: list[ItemRef]) -> list[Outcome]:
        return [o.outcome for o in await self.connector.confirm(job, items)]


async def on_tape(_path: str, _body: object) -> None:
    """There is no mock now: a cassette holds what came of it."""


def fake(number: str) -> str:
    """Another number for each number, and always the same one."""
    return f"+312000{sum(int(digit) ** 4 for digit in number[3:]):05d}"


def redacted(text: str) -> str:
    for tag, value in FAKES.items():
        text = re.sub(rf"(<{tag}>)(?!{NEW_NAME}<)[^<]+", rf"\g<1>{value}", text)
    text = re.sub(r"\+31\d{9}", lambda found: fake(found[0]), text)
    return re.sub(r"%2B(31\d{9})", lambda found: "%2B" + fake("+" + found[1])[1:], text)


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: headers by name, and nobody's data."""
    request.uri = redacted(re.sub(r"//[^/]+", "//directory.example", request.uri))
    wanted = ("accept", "accept-encoding", "content-type", "idempotency-key")
    request.headers = {name: v for name, v in request.headers.items() if name.lower() in wanted}
    request.body = redacted((request.body or b"").decode())
    kept = ("content-type", "location")
    response["headers"] = {n: v for n, v in response["headers"].items() if n.lower() in kept}
    response["body"] = {"string": redacted(response["body"]["string"].decode())}
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


@asynccontextmanager
async def staged(name: str, role: Role = Role.TWO_UPSTREAMS) -> AsyncIterator[Stage]:
    """Replays a cassette; without one, plays with the mock and records it."""
    if not (CASSETTES / f"{name}.yaml").exists():
        async with live(role) as stage:
            with tape(name):
                yield stage
        return
    settings = DirectorySettings.model_validate(
        {"base_url": "http://directory.example/api", "account_id": "5510"}
        | {"username": "user", "password": "unused", "look_again_seconds": 1}
    )
    person = cast(world(seed=1, now=lambda: NOON).people)[role]

    async with acting(settings, subject_of(person, fake), Clock()) as stage:
        with tape(name) as played:
            yield stage
            assert played.all_played


@asynccontextmanager
async def live(
    role: Role = Role.TWO_UPSTREAMS, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Stage]:
    """Plays with the mock over a real socket."""
    clock = Clock()
    shared = world(seed=1, now=clock.now)
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(running(shared, ["directory"]))
        base = addresses["directory"]
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=base, verify=NO_TLS))

        async def mock(path: str, body: object) -> Any:
            method = "GET" if body is None else "POST"
            return (await control.request(method, path, json=body)).raise_for_status().json()

        section = config_section(shared, "libervoice", int(base.rsplit(":")[-1]))
        settings = DirectorySettings.model_validate(section)
        subject = subject_of(cast(shared.people)[role], str)
        yield await stack.enter_async_context(acting(settings, subject, clock, mock, transport))


@asynccontextmanager
async def acting(
    settings: DirectorySettings,
    subject: DataSubject,
    clock: Clock,
    mock: Callable[[str, object], Awaitable[Any]] = on_tape,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Stage]:
    runtime = Runtime(
        transport=(lambda: transport) if transport else None, now=clock.now, sleep=clock.turn
    )
    async with open_client(settings, DirectoryConnector.manifest.limits, runtime) as http:
        connector = DirectoryConnector(settings, http, now=clock.now)
        yield Stage(connector, settings, subject, clock, mock)


def subject_of(person: Person, known_as: Callable[[str], str]) -> DataSubject:
    """The person, known by their first number alone."""
    line = person.lines[0]
    phone = (known_as(line.number), line.held.start, line.held.end)
    return DataSubject("subject-1", (Identifier.of(IdentifierKind.PHONE, *phone),))


def job_of(outcomes: list[Outcome]) -> str:
    (job,) = {outcome.job for outcome in outcomes if isinstance(outcome, Pending)}
    return job


async def test_check_makes_one_harmless_call() -> None:
    async with staged("check") as stage:
        await stage.connector.check()


async def test_access_shows_every_publication_that_a_number_appears_in() -> None:
    async with staged("access") as stage:
        records = await stage.found()
    assert [r.data["kind"] for r in records] == ["online", "print", "print"]
    assert all(stage.subject.known_by(record.identifiers) for record in records)
    assert all(stage.number not in record.item.ref for record in records)
    assert Field.NAME_FAMILY in records[0].fields


async def test_a_number_handed_on_is_somebody_elses_listing() -> None:
    async with staged("handed_on", Role.NUMBER_BEFORE) as stage:
        assert await stage.found() == []


async def test_erasing_is_confirmed_by_what_is_registered_and_scheduled_where_it_is_printed() -> (
    None
):
    async with staged("erase") as stage:
        items = await stage.items()
        accepted = await stage.erase(items)
        waiting = await stage.confirm(job_of(accepted), items)
        await stage.clock.turn(3)
        ended = await stage.confirm(job_of(accepted), items)
        left = await stage.connector.still_held(items)
    assert job_of(accepted) == job_of(waiting)
    assert ended == [ERASED, Completed(Effect.SCHEDULED, NEXT_EDITION), ERASED]
    assert left == [items[1]]


async def test_a_failed_order_says_its_code_and_a_retry_places_another() -> None:
    async with staged("failed") as stage:
        items = await stage.items()
        await stage.mock("/_fate", {"tn": stage.number, "fate": "fail", "code": 16108})
        first = await stage.erase(items)
        await stage.clock.turn(3)
        failed = await stage.confirm(job_of(first), items)
        second = await stage.erase(items)
        await stage.clock.turn(3)
        assert (await stage.confirm(job_of(second), items))[0] == ERASED
    assert {f.code for f in failed if isinstance(f, Failed)} == {"dlda_16108"}


async def test_rectifying_is_confirmed_by_the_content_of_the_listing() -> None:
    async with staged("rectify") as stage:
        changes = [
            ItemChange(
                record.item,
                (FieldChange(Field.NAME_FAMILY, record.fields[Field.NAME_FAMILY][0], NEW_NAME),),
            )
            for record in await stage.found()
        ]
        items = [change.item for change in changes]
        accepted = [o.outcome for o in await stage.connector.rectify(changes, key="key-1")]
        await stage.clock.turn(3)
        ended = await stage.confirm(job_of(accepted), items)
        shown = [record.fields[Field.NAME_FAMILY][0] for record in await stage.found()]
        again = [o.outcome for o in await stage.connector.rectify(changes[:1], key="key-1")]
    rectified = Completed(Effect.RECTIFIED)
    assert ended == [rectified, Completed(Effect.SCHEDULED, NEXT_EDITION), rectified]
    assert [name == NEW_NAME for name in shown] == [True, False, True]
    assert again == [Completed(Effect.ALREADY_RIGHT)]


async def test_a_listing_that_a_feed_puts_back_is_found_and_taken_out_again() -> None:
    async with staged("relisted") as stage:
        online = (await stage.items())[:1]
        first = await stage.erase(online)
        await stage.clock.turn(3)
        assert await stage.connector.still_held(online) == []
        assert await stage.erase(online) == [GONE]
        await stage.mock("/_feed", {"tn": stage.number})
        await stage.clock.turn(3)
        assert await stage.connector.still_held(online) == online
        assert job_of(await stage.erase(online)) != job_of(first)


async def test_a_delisting_that_is_under_way_already_is_adopted() -> None:
    async with staged("adopted") as stage:
        items = await stage.items()
        first = await stage.erase(items[:1], "key-1")
        assert job_of(await stage.erase(items[1:], "key-2")) == job_of(first)


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


async def test_a_404_proves_that_something_is_gone_only_where_the_account_is_found() -> None:
    async with live() as stage:
        items = await stage.items()
        ended = ItemRef("no-such-listing/online", items[0].category, items[0].product)
        assert await stage.connector.still_held([ended]) == []
        (outcome,) = await stage.erase([ended])
        assert isinstance(outcome, Failed)
        assert outcome.code == "listing_not_found"
        elsewhere = {"base_url": f"{stage.settings.base_url}/elsewhere"}
        astray = stage.settings.model_copy(update=elsewhere)
        async with acting(astray, stage.subject, stage.clock) as other:
            with pytest.raises(MisconfiguredError):
                await other.connector.still_held(items)
            with pytest.raises(MisconfiguredError):
                await other.erase(items)


@pytest.mark.parametrize(("hour", "found"), [(21, 0), (22, 1)])  # Dutch summer time: 22 UTC is 0
async def test_a_number_changes_hands_at_dutch_midnight(hour: int, found: int) -> None:
    body = listings("Jansen").replace("<Publications/>", PUBLISHED)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    clock = Clock(datetime(2026, 7, 1, hour, 30, tzinfo=UTC))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001", date(2026, 7, 2))
    subject = DataSubject("s", (phone,))
    async with acting(SETTINGS, subject, clock, transport=transport) as acted:
        assert len(await acted.found()) == found


@pytest.mark.parametrize("odd", ["Nieuw\nNaam", "x" * 400, "\u202eNaam"])
async def test_a_listing_with_a_text_that_can_be_no_identifier_is_shown_all_the_same(
    odd: str,
) -> None:
    body = listings(odd).replace("<Publications/>", PUBLISHED).replace("Jansen", odd)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001")
    async with acting(SETTINGS, DataSubject("s", (phone,)), Clock(), transport=transport) as acted:
        [record] = await acted.found()
    assert [known.kind for known in record.identifiers] == [IdentifierKind.PHONE]
    assert record.fields[Field.NAME_FAMILY] == (odd,)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (FieldChange(Field.EMAIL, "a@example.nl", "b@example.nl"), Unsupported),
        (FieldChange(Field.NAME_FAMILY, "Somebody Else", NEW_NAME), Refused),
        (FieldChange(Field.ADDRESS_CITY, "", "\x00"), Refused),
    ],
)
async def test_what_cannot_be_changed_is_said_and_not_ordered(
    change: FieldChange, expected: type[Outcome]
) -> None:
    async with live() as stage:
        (item, *_) = await stage.items()
        (outcome,) = await stage.connector.rectify([ItemChange(item, (change,))], key="key-1")
    assert isinstance(outcome.outcome, expected)


LISTED = (
    "<SubscriberType>RESIDENTIAL</SubscriberType><ListingType>LISTED</ListingType>"
    "<ListingName><LastName>{0}</LastName></ListingName><ListAddress>true</ListAddress>"
    "<Address><City>Ede</City><Zip>1234 AB</Zip></Address>"
)
LISTING = (
    "<Listing><ListingId>L-{0}</ListingId><TelephoneNumber>+31200000001</TelephoneNumber>"
    "<RegisteredAt>2026-01-01T00:00:00Z</RegisteredAt><Registered>" + LISTED + "</Registered>"
    "<Publications/></Listing>"
)
PUBLISHED = (
    "<Publications><Publication><PublicationId>online</PublicationId><Kind>online</Kind>"
    "<Status>LISTED</Status><EffectiveFrom>2026-01-01T00:00:00Z</EffectiveFrom>"
    "<Listed>" + LISTED.format("Jansen") + "</Listed></Publication></Publications>"
)


def listings(*names: str) -> str:
    inside = "".join(LISTING.format(name) for name in names)
    count = f"<TotalCount>{len(names)}</TotalCount>"
    return f"<ListingsResponse>{count}<Listings>{inside}</Listings></ListingsResponse>"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (listings("Jansen", "Pietersen"), AmbiguousSubjectError),
        (listings("Jansen").replace("00001<", "00002<"), ContractBrokenError),
        (listings("Jansen").replace(">LISTED<", ">SECRET<"), ContractBrokenError),
        ("<html><body>Jansen</body></html>", ContractBrokenError),
        ("<ListingsResponse><Jansen>", ContractBrokenError),
        ("<!DOCTYPE a [<!ENTITY b 'Jansen'>]>" + listings("&b;"), ContractBrokenError),
        ("<ListingsResponse>" + "<a>" * 50 + "Jansen" + "</a>" * 50 + "</ListingsResponse>",
         ContractBrokenError),
        (listings("Jansen").replace("<TotalCount>1", "<TotalCount>2"), ContractBrokenError),
    ],
)  # fmt: skip
async def test_an_answer_that_contradicts_itself_or_the_contract_names_nobody(
    body: str, error: type[Exception]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001")
    subject = DataSubject("s", (phone,))
    async with acting(SETTINGS, subject, Clock(), transport=transport) as acted:
        with pytest.raises(error) as caught:
            await acted.found()
    assert "Jansen" not in f"{caught.value} {caught.value.__context__}"
