"""Whose data the operator connector shows: one person's, and nobody else's."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    AmbiguousSubjectError,
    ContractBrokenError,
    DataSubject,
    Identifier,
    IdentifierKind,
    Product,
    Record,
)
from avgate_mocks.operator.tenant import party_id
from avgate_mocks.people import Role

from .operator_bench import Bench, benched, customer, subject_of


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


def who(records: Sequence[Record]) -> Record:
    [themselves] = [one for one in records if one.item.ref.startswith("individual/")]
    return themselves


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
    assert who(records).item.ref == f"individual/{party_id(bench.world, person)}"


async def test_who_they_are_comes_last_but_where_a_number_led_to_them(bench: Bench) -> None:
    person = bench.person(Role.RUNNING)
    for kind in (IdentifierKind.PHONE, IdentifierKind.CUSTOMER_ID, IdentifierKind.EMAIL):
        records = await bench.found(subject_of(person, kind))
        is_led = kind is IdentifierKind.PHONE
        assert records.index(who(records)) == (0 if is_led else len(records) - 1), kind


async def test_a_number_belongs_to_whoever_had_it_on_the_subjects_days(bench: Bench) -> None:
    number = subject_of(bench.person(Role.NUMBER_AFTER), IdentifierKind.PHONE).identifiers[0]
    day = number.valid_from
    assert day is not None
    before = Identifier.of(IdentifierKind.PHONE, number.value, day - timedelta(60), day)
    after = Identifier.of(IdentifierKind.PHONE, number.value, day, day + timedelta(60))
    for known, role in ((before, Role.NUMBER_BEFORE), (after, Role.NUMBER_AFTER)):
        records = await bench.found(DataSubject("s", (known,)))
        theirs = subject_of(bench.person(role), IdentifierKind.PHONE).identifiers
        assert {own for own in who(records).identifiers if own.kind is known.kind} == {*theirs}
        assert who(records).item.ref == f"individual/{bench.party(role)}"
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
