"""The operator connector over real sockets: whose data it shows, and what faults come to."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    AmbiguousSubjectError,
    Category,
    Completed,
    ConnectorError,
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
    Limits,
    MisconfiguredError,
    NothingHeld,
    Outcome,
    Product,
    Record,
    Refused,
    Runtime,
    UnavailableError,
    Unknown,
    Unsupported,
    open_client,
)
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.operator import config_section
from avgate_mocks.operator.tenant import party_id
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_operator import OperatorConnector, OperatorSettings

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
YEARS = 8 * 366 * 86_400  # seconds; past every term and every dispute
ERASED, GONE = Completed(Effect.ERASED), Completed(Effect.ALREADY_GONE)
RECTIFIED = Completed(Effect.RECTIFIED)
INDIVIDUALS = "/party"
PERSONAL = ("individual", "bank_account")
Tamper = Callable[[httpx.Request, Any], Any]


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@dataclass
class Tampering(httpx.AsyncBaseTransport):
    """The network, with answers that are changed on their way; it notes what was asked."""

    tamper: Tamper = lambda _request, content: content
    asked: list[httpx.URL] = field(default_factory=list)
    inner: httpx.AsyncHTTPTransport = field(
        default_factory=lambda: httpx.AsyncHTTPTransport(verify=NO_TLS)
    )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        answer = await self.inner.handle_async_request(request)
        is_json = "json" in answer.headers.get("content-type", "")
        if not is_json or answer.status_code == 204:  # which names its media type and has no body
            return answer
        content = self.tamper(request, json.loads(await answer.aread()))
        await answer.aclose()
        if isinstance(content, httpx.Response):
            return content
        kept = {
            n: v
            for n, v in answer.headers.items()
            if n in ("content-type", "x-total-count", "retry-after")
        }
        return httpx.Response(answer.status_code, headers=kept, json=content)

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass(frozen=True)
class Bench:
    """The mock, a connector that speaks to it, and the way to tell the mock what to do."""

    world: World
    address: str
    connector: OperatorConnector
    control: httpx.AsyncClient
    network: Tampering

    def person(self, role: Role) -> Person:
        return cast(self.world.people)[role]

    def party(self, role: Role) -> str:
        return party_id(self.world, self.person(role))

    def item(self, kind: str, role: Role, suffix: str = "") -> ItemRef:
        ref = f"{kind}/{self.party(role)}{suffix}"
        return ItemRef(ref, Category.CONTACT, Product.GENERAL)

    async def found(self, subject: DataSubject) -> list[Record]:
        found = [record async for record in self.connector.access(subject)]
        shown = [record for record in found if isinstance(record, Record)]
        assert shown == found, "there is a part that it did not look into"
        return shown

    async def held(self, role: Role, *kinds: IdentifierKind) -> list[Record]:
        return await self.found(subject_of(self.person(role), *kinds))

    async def erase(self, items: Sequence[ItemRef], key: str = "key-1") -> list[Outcome]:
        outcomes = await self.connector.erase(items, key=key)
        assert [each.ref for each in outcomes] == [item.ref for item in items]
        return [each.outcome for each in outcomes]

    async def change(self, item: ItemRef, *changes: FieldChange) -> Outcome:
        (told,) = await self.connector.rectify([ItemChange(item, changes)], key="key-1")
        return told.outcome

    async def order(self, path: str, **order: object) -> None:
        (await self.control.post(path, json=order)).raise_for_status()

    async def plant(self, fault: str, **rule: object) -> None:
        await self.order("/_faults", rules=[{"fault": fault, **rule}])

    async def effects(self) -> list[Mapping[str, Any]]:
        effects: list[Mapping[str, Any]] = (await self.control.get("/_ledger")).json()["effects"]
        return effects

    async def holds(self, person: Person) -> Mapping[str, int]:
        people = (await self.control.get("/_people")).json()["people"]
        holds: Mapping[str, int] = people[person.position - 1]["holds"]
        return holds


def subject_of(person: Person, *kinds: IdentifierKind, dated: bool = True) -> DataSubject:
    told = [i for i in person.identifiers() if not kinds or i.kind in kinds]
    days = [(i.valid_from, i.valid_until) if dated else (None, None) for i in told]
    pairs = zip(told, days, strict=True)
    return DataSubject(person.id, tuple(Identifier.of(i.kind, i.value, *d) for i, d in pairs))


def characteristics(record: Record) -> dict[str, Any]:
    told = record.data["usageCharacteristic"]
    assert isinstance(told, dict)
    return {**told}


def customer(role: Role, bench: Bench) -> DataSubject:
    return subject_of(bench.person(role), IdentifierKind.CUSTOMER_ID)


def codes(outcomes: Sequence[Outcome]) -> list[str | None]:
    return [getattr(outcome, "code", None) for outcome in outcomes]


@asynccontextmanager
async def benched(
    controller: str = "libervoice",
    tamper: Tamper | None = None,
    timeout: float = 2,  # noqa: ASYNC109 -- of its calls
    **settings: str,
) -> AsyncIterator[Bench]:
    shared = world(seed=7, count=16, now=lambda: NOON, sleep=at_once)
    limits = Limits(concurrency=4, timeout=timeout, deadline=30)
    network = Tampering(tamper) if tamper else Tampering()
    async with running(shared, ["operator"]) as addresses:
        base = addresses["operator"]
        section = config_section(shared, controller, int(base.rsplit(":", 1)[-1]))
        own = {name: value.replace("BASE", f"{base}/tmf-api") for name, value in settings.items()}
        told = OperatorSettings.model_validate({**section, **own})
        runtime = Runtime(transport=lambda: network, sleep=at_once)
        async with (
            open_client(told, limits, runtime) as http,
            httpx.AsyncClient(base_url=base, verify=NO_TLS) as control,
        ):
            yield Bench(shared, base, OperatorConnector(told, http), control, network)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with benched() as made:
        yield made


async def test_shows_every_item_of_every_person_and_nobody_elses(bench: Bench) -> None:
    for person in bench.world.people:
        if person is bench.person(Role.HEAVY) or person.controller != "libervoice":
            continue
        subject = subject_of(person)
        records = await bench.found(subject)
        found = Counter(record.item.category.value for record in records)
        assert found == await bench.holds(person), person.id
        assert len({record.item.ref for record in records}) == len(records)
        for record in records:
            day = record.occurred_at.date() if record.occurred_at else None
            assert subject.known_by(record.identifiers, day)


async def test_another_controllers_person_is_nobody(bench: Bench) -> None:
    assert await bench.held(Role.BEYOND_WINDOWS_1252) == []
    async with benched("mister-voip") as theirs:
        assert await theirs.held(Role.BEYOND_WINDOWS_1252)


@pytest.mark.parametrize(
    "kind",
    [IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.CUSTOMER_ID, IdentifierKind.ICCID,
     IdentifierKind.IMSI, IdentifierKind.IP],
)  # fmt: skip
async def test_finds_a_person_by_one_identifier_of_any_kind(
    bench: Bench, kind: IdentifierKind
) -> None:
    wan = {Product.WAN, Product.MOBILE}
    person = next(p for p in bench.world.people if wan <= p.products and p.position not in (5, 6))
    records = await bench.found(subject_of(person, kind))
    assert records[-1].item.ref == f"individual/{party_id(bench.world, person)}"


async def test_a_number_belongs_to_whoever_had_it_on_the_subjects_days(bench: Bench) -> None:
    number = subject_of(bench.person(Role.NUMBER_AFTER), IdentifierKind.PHONE).identifiers[0]
    day = number.valid_from
    assert day is not None
    before = Identifier.of(IdentifierKind.PHONE, number.value, day - timedelta(60), day)
    after = Identifier.of(IdentifierKind.PHONE, number.value, day, day + timedelta(60))
    for known, role in ((before, Role.NUMBER_BEFORE), (after, Role.NUMBER_AFTER)):
        records = await bench.found(DataSubject("s", (known,)))
        theirs = subject_of(bench.person(role), IdentifierKind.PHONE).identifiers
        assert {own for own in records[-1].identifiers if own.kind is known.kind} == {*theirs}
        assert records[-1].item.ref == f"individual/{bench.party(role)}"
        calls = [record.occurred_at.date() for record in records if record.occurred_at]
        assert calls
        assert all(known.covers(call) for call in calls)


async def test_never_guesses_between_two_people(bench: Bench) -> None:
    first, second = bench.person(Role.NUMBER_BEFORE), bench.person(Role.NUMBER_AFTER)
    undated = subject_of(second, IdentifierKind.PHONE, dated=False).identifiers[:1]
    mail = subject_of(bench.person(Role.RUNNING), IdentifierKind.EMAIL).identifiers
    unknown = subject_of(bench.person(Role.TWO_UPSTREAMS), IdentifierKind.CUSTOMER_ID).identifiers
    later = subject_of(second, IdentifierKind.PHONE).identifiers[:1]
    for known in (undated, (*later, *mail), (*later, *unknown)):
        with pytest.raises(AmbiguousSubjectError) as told:
            await bench.found(DataSubject("s", known))
        assert not any(identifier.value in str(told.value) for identifier in known)
    own = subject_of(first, IdentifierKind.CUSTOMER_ID).identifiers
    records = await bench.found(DataSubject("s", (*undated, *own)))
    assert records[-1].item.ref == f"individual/{bench.party(Role.NUMBER_BEFORE)}"


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


async def test_changes_each_field_and_nothing_beside_it(bench: Bench) -> None:
    before = (await bench.held(Role.RUNNING))[-2:]
    wanted = {
        Field.NAME_GIVEN: "Noor", Field.NAME_FAMILY: "Łuczak", Field.ADDRESS_STREET: "Nieuwe Weg",
        Field.ADDRESS_NUMBER: "7-B", Field.ADDRESS_POSTCODE: "1234 AB", Field.ADDRESS_CITY: "Ede",
        Field.EMAIL: "noor@example.nl", Field.PHONE: "+31201234567",
        Field.BANK_ACCOUNT: "NL91ABNA0417164300",
    }  # fmt: skip
    for record in before:
        for name, (value, *_) in record.fields.items():
            if name in wanted:
                change = FieldChange(name, value, wanted[name])
                assert await bench.change(record.item, change) == RECTIFIED
    after = (await bench.held(Role.RUNNING, IdentifierKind.CUSTOMER_ID))[-2:]
    held = {**after[0].fields, **after[1].fields}
    old = {**before[0].fields, **before[1].fields}
    assert {name: held[name] for name in wanted} == {
        name: (value, *old[name][1:]) for name, value in wanted.items()
    }
    media = [record.data["contactMedium"] for record in (before[1], after[1])]
    assert [len(each) for each in media if isinstance(each, list)] == [4, 4]
    assert after[1].data["gender"] == before[1].data["gender"]


async def test_changes_nothing_where_the_old_value_no_longer_stands(bench: Bench) -> None:
    item = bench.item("individual", Role.RUNNING)
    stale = await bench.change(item, FieldChange(Field.ADDRESS_CITY, "Nergens", "Ede"))
    assert codes([stale]) == ["changed_meanwhile"]
    line = bench.item("product", Role.RUNNING, "-p1")
    assert isinstance(await bench.change(line, FieldChange(Field.PHONE, "a", "b")), Unsupported)
    nobody = ItemRef("individual/0123", Category.CONTACT, Product.GENERAL)
    assert await bench.change(nobody, FieldChange(Field.PHONE, "a", "b")) == NothingHeld()
    assert await bench.effects() == []


async def test_a_change_whose_answer_was_lost_is_read_back(bench: Bench) -> None:
    person = (await bench.held(Role.RUNNING))[-1]
    change = FieldChange(Field.ADDRESS_CITY, person.fields[Field.ADDRESS_CITY][0], "Ede")
    await bench.plant("error_after", method="PATCH", times=3)
    assert await bench.change(person.item, change) == RECTIFIED
    assert len(await bench.effects()) == 1
    back = FieldChange(Field.ADDRESS_CITY, "Ede", "Elst")
    await bench.plant("error_503", method="PATCH", times=3)
    assert isinstance(await bench.change(person.item, back), Unknown)
    await bench.plant("html_200", method="PATCH", times=3)
    assert isinstance(await bench.change(person.item, back), Unknown)


async def test_a_change_that_was_taken_and_not_made_has_failed() -> None:
    def deaf(request: httpx.Request, content: Any) -> Any:
        is_person = INDIVIDUALS in request.url.path and isinstance(content, dict)
        return {**content, "familyName": "Doof"} if is_person else content

    async with benched(tamper=deaf) as bench:
        change = FieldChange(Field.NAME_FAMILY, "Doof", "Anders")
        outcome = await bench.change(bench.item("individual", Role.RUNNING), change)
        assert isinstance(outcome, Failed)


async def test_a_change_beside_which_the_old_value_still_stands_has_failed() -> None:
    def clinging(request: httpx.Request, content: Any) -> Any:
        is_person = INDIVIDUALS in request.url.path and isinstance(content, dict)
        if not is_person or request.method != "GET":
            return content
        old = {"characteristic": {"emailAddress": "oud@example.nl"}}
        return {**content, "contactMedium": [*content["contactMedium"], old]}

    async with benched(tamper=clinging) as bench:
        change = FieldChange(Field.EMAIL, "oud@example.nl", "nieuw@example.nl")
        outcome = await bench.change(bench.item("individual", Role.RUNNING), change)
        assert codes([outcome]) == ["not_as_written"]
        assert "nieuw@example.nl" in (await bench.held(Role.RUNNING))[-1].fields[Field.EMAIL]


async def test_sound_comes_while_it_is_read(bench: Bench) -> None:
    records = [record for record in await bench.held(Role.RUNNING) if record.attachments]
    assert {r.item.category for r in records} == {Category.VOICEMAIL, Category.RECORDING}
    for record in records:
        (sound,) = record.attachments
        size = 0
        async with sound.open() as chunks:
            async for chunk in chunks:
                size += len(chunk)
        assert size == characteristics(record)["audio"]["sizeBytes"]
        assert sound.media_type == "audio/x-wav"
    await bench.plant("html_200", path_contains="mediaStore", times=9)
    with pytest.raises(ContractBrokenError):
        async with records[0].attachments[0].open():
            pass


async def test_fifty_thousand_calls_come_a_page_at_a_time(bench: Bench) -> None:
    records = bench.connector.access(customer(Role.HEAVY, bench))
    async for record in records:
        if isinstance(record, Record) and record.occurred_at:
            break
    asked = [url for url in bench.network.asked if url.path.endswith("/usage")]
    assert len(asked) == 1
    assert int(asked[0].params["limit"]) <= 1000


async def test_a_usage_of_another_party_is_nobodys() -> None:
    def mixed(request: httpx.Request, content: Any) -> Any:
        if request.url.path.endswith("/usage") and content:
            content[0]["relatedParty"] = [{"id": "somebody-else"}]
        return content

    async with benched(tamper=mixed) as bench:
        records = await bench.found(customer(Role.ENDED, bench))
        assert [record.identifiers for record in records].count(()) == 1


async def test_an_upstream_that_ignores_the_filter_is_found_out() -> None:
    def deaf(request: httpx.Request, content: Any) -> Any:
        asks = request.url.path.endswith(("/individual", "/product")) and content
        return [{**row, **stranger} for row in content] if asks else content

    stranger = {"externalReference": [], "relatedParty": [{"id": "somebody-else"}]}
    async with benched(tamper=deaf) as bench:
        for kind in (IdentifierKind.CUSTOMER_ID, IdentifierKind.EMAIL):
            with pytest.raises(ContractBrokenError):
                await bench.held(Role.RUNNING, kind)


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        (lambda rows, _page: rows * 0, ContractBrokenError),
        (lambda rows, page: httpx.Response(200, json=rows, headers={"X-Total-Count": str(999 - page)}),
         UnavailableError),
        (lambda rows, _page: httpx.Response(200, json=rows), ContractBrokenError),
        (lambda _rows, _page: httpx.Response(200, html="<p>Onderhoud"), ContractBrokenError),
        (lambda rows, _page: [{**row, "usageDate": "gisteren"} for row in rows], ContractBrokenError),
    ],
    ids=["empty", "shrinking", "without length", "for people", "misshapen"],
)  # fmt: skip
async def test_a_spoilt_list_is_no_short_list(
    spoilt: Callable[[Any, int], Any], error: type[ConnectorError]
) -> None:
    pages = 0

    def spoil(request: httpx.Request, content: Any) -> Any:
        nonlocal pages
        if not request.url.path.endswith("/usage"):
            return content
        pages += 1
        return spoilt(content, pages)

    async with benched(tamper=spoil) as bench:
        with pytest.raises(error):
            await bench.held(Role.RUNNING, IdentifierKind.CUSTOMER_ID)


async def test_a_list_that_moved_up_and_kept_its_length_is_not_taken_for_whole() -> None:
    pages = 0

    def moving(request: httpx.Request, content: Any) -> Any:
        """Of the first page a row went, and at the end one came, before the second was asked for."""
        nonlocal pages
        if not request.url.path.endswith("/usage"):
            return content
        pages += 1
        first = 1 if pages > 1 else 0
        return [*content, {**content[-1], "id": "come-since"}][first : first + 3]

    async with benched(tamper=moving) as bench:
        with pytest.raises(UnavailableError, match="moved up"):
            await bench.held(Role.ENDED, IdentifierKind.CUSTOMER_ID)


async def test_a_list_of_short_pages_is_read_to_its_end(bench: Bench) -> None:
    def short(request: httpx.Request, content: Any) -> Any:
        return content[:2] if request.url.path.endswith("/usage") else content

    whole = await bench.held(Role.ENDED)
    async with benched(tamper=short) as slow:
        found = await slow.held(Role.ENDED)
    assert [record.item for record in found] == [record.item for record in whole]


async def test_one_page_for_people_in_between_is_asked_away(bench: Bench) -> None:
    await bench.plant("html_200", path_contains="/usage")
    assert await bench.held(Role.ENDED)


async def test_logs_and_references_name_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    records = await bench.held(Role.RUNNING)
    ours = [str(vars(r)) for r in caplog.records if not r.name.startswith("uvicorn")]
    told = "".join(ours) + repr(records) + "".join(record.item.ref for record in records)
    person = bench.person(Role.RUNNING)
    values = {i.value for i in person.identifiers()} | {person.iban, person.name.family}
    assert any("individual" in line for line in ours)
    assert not [value for value in values if value in told]
