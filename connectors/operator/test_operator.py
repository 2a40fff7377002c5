"""The operator connector, replayed from cassettes.

Each test replays the cassette of its name. If there is none it is recorded from the mock, redacted,
and kept only if the test passes, if `--record` asks for it: to record one anew, delete it first.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts import (
    AmbiguousSubjectError,
    Category,
    Completed,
    DataSubject,
    Effect,
    ErasureWay,
    Field,
    FieldChange,
    Identifier,
    IdentifierKind,
    ItemChange,
    ItemRef,
    Outcome,
    Product,
    Record,
    Refused,
    Runtime,
    Unseen,
    WhyUnseen,
    open_client,
)
from avgate_mocks.operator import config_section
from avgate_mocks.operator.tenant import party_id
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_operator import OperatorConnector, OperatorSettings

from ..taping import named_only, taped

CASSETTES = Path(__file__).with_name("cassettes")
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
LONG_GONE = (
    14  # the position of somebody whose contract ended 90 months ago: nothing runs, no calls
)
BILLED = 65  # of whose contract runs: a call on 1 November, which can be disputed for six months
ERASED, GONE = Completed(Effect.ERASED), Completed(Effect.ALREADY_GONE)
FAKES = {
    "givenName": "Test", "familyNamePrefix": "van", "familyName": "Persoon", "street1": "Teststraat",
    "fullName": "Test van Persoon", "gender": "unknown", "street2": "1", "postCode": "1234 AB",
    "city": "Teststad", "access_token": "token", "macAddress": "02:00:5e:00:00:00",
}  # fmt: skip
NEW_MAIL = "nieuw@elders.example"
KEPT = {"Nieuwenhuis", "Hilversum"}  # what a rectification puts in the place of something else
PATTERNS: dict[str, Callable[[str], str]] = {
    r"\+31\d{9}": lambda text: f"+312000{checked(text):05d}",
    r"(?<=sip)\d{9}": lambda text: f"2000{checked(text):05d}",
    r"C-\d{6}": lambda text: f"C-{checked(text):06d}",
    r"c-\d{6}@dsl": lambda text: f"c-{checked(text):06d}@dsl",
    r"893199\d{13}": lambda text: f"8931990000000{checked(text):06d}",
    r"20499\d{10}": lambda text: f"204990000{checked(text):06d}",
    r"198\.18\.\d+\.\d+": lambda text: f"198.51.100.{checked(text) % 250}",
    r"NL\d{2}AVGT\d{10}": lambda text: f"NL00AVGT00000{checked(text):05d}",
    r"[a-z0-9.]+\.\d+@[a-z.]+": lambda text: f"test.{checked(text)}@test.example",
}


def checked(text: str) -> int:
    """Another small number for each text, and always the same one."""
    return sum(ord(character) ** 3 * place for place, character in enumerate(text, 1)) % 99_991


def fake(text: str) -> str:
    for pattern, other in PATTERNS.items():
        text = re.sub(pattern, partial(replaced, other), text)
    return text


def replaced(other: Callable[[str], str], found: re.Match[str]) -> str:
    return other(found[0])


def redacted(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        named = str(value.get("name", "")) if "value" in value else ""
        return {
            key: redacted(each, named if key == "value" else key) for key, each in value.items()
        }
    if isinstance(value, list):
        return [redacted(each) for each in value]
    if not isinstance(value, str):
        return value
    return fake(value) if value in KEPT else FAKES.get(name, fake(value))


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: headers by name, and nobody's data."""
    uri = re.sub(r"//[^/]+", "//operator.example", request.uri)
    request.uri = fake(uri.replace("%2B", "+").replace("%40", "@"))
    request.uri = request.uri.replace("+", "%2B").replace("@", "%40")
    if request.body and request.body.startswith(b"{"):
        request.body = json.dumps(redacted(json.loads(request.body))).encode()
    named_only(request, response, ("content-type", "x-total-count"))
    if response["body"]["string"]:
        text = json.dumps(redacted(json.loads(response["body"]["string"])), separators=(",", ":"))
        response["body"] = {"string": re.sub(r"//127[^/]+", "//operator.example", text)}
    return request, response


def same_json(one: Any, other: Any) -> None:
    assert read(one.body) == read(other.body)


def read(body: bytes | None) -> Any:
    return json.loads(body) if body and body.startswith(b"{") else body or b""


def tape(name: str) -> Any:
    return taped(CASSETTES / f"{name}.yaml", redact, same_json, on=())


@dataclass(frozen=True, slots=True)
class Stage:
    """The connector, and the people it may be asked about under the names of the cassette."""

    connector: OperatorConnector
    world: World
    is_taped: bool

    def person(self, role: Role | int) -> Person:
        if isinstance(role, Role):
            return cast(self.world.people)[role]
        return self.world.people[role - 1]

    def subject(self, role: Role | int, *kinds: IdentifierKind, dated: bool = True) -> DataSubject:
        told = [i for i in self.person(role).identifiers() if i.kind in kinds]
        return DataSubject(
            "subject-1",
            tuple(
                Identifier.of(
                    i.kind,
                    fake(i.value) if self.is_taped else i.value,
                    i.valid_from if dated else None,
                    i.valid_until if dated else None,
                )
                for i in told
            ),
        )

    async def found(self, subject: DataSubject) -> list[Record]:
        found = [each async for each in self.connector.access(subject)]
        assert all(isinstance(each, Record) for each in found)
        return [each for each in found if isinstance(each, Record)]

    async def erase(self, items: list[ItemRef], key: str = "key-1") -> list[Outcome]:
        outcomes = await self.connector.erase(items, key=key)
        assert [each.ref for each in outcomes] == [item.ref for item in items]
        return [each.outcome for each in outcomes]

    async def change(self, item: ItemRef, *changes: FieldChange, key: str) -> Outcome:
        (told,) = await self.connector.rectify([ItemChange(item, changes)], key=key)
        return told.outcome

    def usage(self, role: Role, index: int) -> ItemRef:
        ref = f"usage/{party_id(self.world, self.person(role))}-c{index}"
        return ItemRef(ref, Category.COMMUNICATION_METADATA, Product.VOICE)


@asynccontextmanager
async def staged(name: str) -> AsyncIterator[Stage]:
    """Replays a cassette; without one, plays with the mock and records it."""
    shared = world(seed=7, count=30, now=lambda: NOON)
    if (CASSETTES / f"{name}.yaml").exists():
        own = {"base_url": "http://operator.example/tmf-api", "client_id": "one"}
        settings = OperatorSettings.model_validate({**own, "client_secret": "unused"})
        async with acting(settings) as connector:
            with tape(name) as played:
                yield Stage(connector, shared, is_taped=True)
                assert played.all_played
        return
    async with running(shared, ["operator"]) as addresses:
        section = config_section(shared, "libervoice", int(addresses["operator"].split(":")[-1]))
        async with acting(OperatorSettings.model_validate(section)) as connector:
            with tape(name):
                yield Stage(connector, shared, is_taped=False)


@asynccontextmanager
async def acting(settings: OperatorSettings) -> AsyncIterator[OperatorConnector]:
    runtime = Runtime(now=lambda: NOON)
    async with open_client(settings, OperatorConnector.manifest.limits, runtime) as http:
        yield OperatorConnector(settings, http)


async def test_checks_credentials_and_contract_with_one_row() -> None:
    async with staged("check") as stage:
        await stage.connector.check()


async def test_shows_all_that_is_held_in_the_order_in_which_it_can_go() -> None:
    async with staged("access") as stage:
        records = await stage.found(stage.subject(Role.ENDED, IdentifierKind.CUSTOMER_ID))
    kinds = [record.item.ref.partition("/")[0] for record in records]
    order = ["reach", "contact", "usage", "product", "bank_account", "individual"]
    assert list(dict.fromkeys(kinds)) == order
    person = records[-1]
    assert person.item.category is Category.CONTACT
    assert person.fields[Field.NAME_FAMILY] == (person.data["familyName"],)
    assert Field.BANK_ACCOUNT not in person.fields
    assert records[-2].fields == {Field.BANK_ACCOUNT: (records[-2].data["bankAccount"],)}
    assert all(record.item.erasure is ErasureWay.DELETE for record in records)


async def test_terms_run_from_the_call_and_from_the_end_of_the_contract() -> None:
    async with staged("access") as stage:
        records = await stage.found(stage.subject(Role.ENDED, IdentifierKind.CUSTOMER_ID))
        ended = stage.person(Role.ENDED).contract.end
    calls = [r for r in records if r.item.category is Category.COMMUNICATION_METADATA]
    assert calls
    assert all(call.item.term_starts == call.occurred_at is not None for call in calls)
    contacts = [r.item for r in records if r.item.category is Category.CONTACT]
    assert {item.term_starts.date() for item in contacts if item.term_starts} == {ended}
    assert not any(record.item.service_runs for record in records)


async def test_erases_every_item_and_then_holds_nothing() -> None:
    async with staged("erase") as stage:
        subject = stage.subject(LONG_GONE, IdentifierKind.EMAIL, IdentifierKind.PHONE)
        items = [record.item for record in await stage.found(subject)]
        assert await stage.connector.still_held(items) == items
        assert await stage.erase(items) == [ERASED] * len(items)
        assert await stage.connector.still_held(items) == []
        assert await stage.found(subject) == []


async def test_what_was_gone_before_we_came_is_already_gone() -> None:
    async with staged("gone") as stage:
        call = stage.usage(Role.ENDED, 3)
        assert await stage.erase([call]) == [ERASED]
        assert await stage.erase([call], key="key-2") == [GONE]


async def test_says_why_and_until_when_the_upstream_refuses() -> None:
    async with staged("refused") as stage:
        call = stage.usage(Role.RUNNING, BILLED)
        party = call.ref.partition("/")[2].partition("-")[0]
        line = ItemRef(f"product/{party}-p1", Category.CONTACT, Product.GENERAL)
        person = ItemRef(f"individual/{party}", Category.CONTACT, Product.GENERAL)
        outcomes = await stage.erase([person, line, call])
    assert [getattr(outcome, "code", None) for outcome in outcomes] == [
        "service_runs", "service_runs", "usage_billed",
    ]  # fmt: skip
    assert getattr(outcomes[2], "until", None) == date(2026, 5, 1)


async def test_holds_nothing_of_somebody_unknown() -> None:
    kinds = (IdentifierKind.CUSTOMER_ID, IdentifierKind.EMAIL, IdentifierKind.PHONE)
    async with staged("nobody") as stage:
        subject = stage.subject(Role.TWO_UPSTREAMS, *kinds, IdentifierKind.IP)
        assert await stage.found(subject) == []


async def test_an_address_that_no_product_has_says_nothing_of_call_records() -> None:
    async with staged("by_address") as stage:
        subject = stage.subject(Role.NUMBER_BEFORE, IdentifierKind.IP)
        [part] = [found async for found in stage.connector.access(subject)]
    assert isinstance(part, Unseen)
    assert part.why is WhyUnseen.OTHER_IDENTIFIER
    assert IdentifierKind.CUSTOMER_ID in part.needs
    assert IdentifierKind.IP not in part.needs


async def test_changes_what_is_wrong_and_leaves_the_rest() -> None:
    async with staged("rectify") as stage:
        subject = stage.subject(LONG_GONE, IdentifierKind.CUSTOMER_ID)
        before = await stage.found(subject)
        account, person = before[-2], before[-1]
        wanted = {Field.NAME_FAMILY: "Nieuwenhuis", Field.ADDRESS_CITY: "Hilversum"}
        changes = [FieldChange(name, person.fields[name][0], new) for name, new in wanted.items()]
        assert await stage.change(person.item, *changes, key="key-1") == Completed(Effect.RECTIFIED)
        again = await stage.change(person.item, *changes, key="key-2")
        assert again == Completed(Effect.ALREADY_RIGHT)
        late = FieldChange(Field.ADDRESS_CITY, "Elders", "Ede")
        stale = await stage.change(person.item, late, key="key-3")
        assert isinstance(stale, Refused)
        assert stale.code == "changed_meanwhile"
        (old,) = account.fields[Field.BANK_ACCOUNT]
        number = FieldChange(Field.BANK_ACCOUNT, old, "NL91ABNA0417164300")
        assert await stage.change(account.item, number, key="key-4") == Completed(Effect.RECTIFIED)
        after = await stage.found(subject)
    assert after[-1].fields == {**person.fields, **{n: (new,) for n, new in wanted.items()}}
    assert after[-2].fields == {Field.BANK_ACCOUNT: ("NL91ABNA0417164300",)}


async def test_of_two_addresses_the_one_that_is_named_is_changed() -> None:
    async with staged("two_addresses") as stage:
        subject = stage.subject(LONG_GONE, IdentifierKind.CUSTOMER_ID)
        person = (await stage.found(subject))[-1]
        first, second = person.fields[Field.EMAIL]
        new = FieldChange(Field.EMAIL, second.upper(), NEW_MAIL)
        assert await stage.change(person.item, new, key="key-1") == Completed(Effect.RECTIFIED)
        assert (await stage.found(subject))[-1].fields[Field.EMAIL] == (first, NEW_MAIL)
        again = await stage.change(person.item, new, key="key-2")
        assert again == Completed(Effect.ALREADY_RIGHT)
        late = FieldChange(Field.EMAIL, second, "ander@elders.example")
        stale = await stage.change(person.item, late, key="key-3")
        other = FieldChange(Field.EMAIL, first, NEW_MAIL)
        assert await stage.change(person.item, other, key="key-4") == Completed(Effect.RECTIFIED)
        after = (await stage.found(subject))[-1]
    assert isinstance(stale, Refused)
    assert stale.code == "changed_meanwhile"
    assert after.fields == {**person.fields, Field.EMAIL: (NEW_MAIL, NEW_MAIL)}


async def test_a_number_without_dates_that_two_people_had_is_nobodys() -> None:
    async with staged("handed_on") as stage:
        undated = stage.subject(Role.NUMBER_AFTER, IdentifierKind.PHONE, dated=False)
        (number,) = undated.identifiers[:1]
        with pytest.raises(AmbiguousSubjectError) as told:
            await stage.found(DataSubject("subject-1", (number,)))
    assert number.value not in str(told.value)
