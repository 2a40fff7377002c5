"""A number that somebody told, or has had, leads nobody to whose line it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from avgate_mocks.people import Person, Role

from .harness import IDENTITY, JsonMap, a_request
from .indoors import Indoors, indoors
from .test_kept_on_using import bearer, told

Way = Callable[[Indoors, Person, Person], Awaitable[None]]
UPSTREAMS = ("operator", "xelion", "directory")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path, UPSTREAMS) as made:
        yield made


def asked(operation: str, person: Person, *phones: str, **more: object) -> JsonMap:
    """By nothing but a customer number, and such numbers."""
    known = [{"kind": "customer_id", "value": person.customer_id}]
    known += [{"kind": "phone", "value": phone} for phone in phones]
    subject = {"identifiers": known}
    return {"operation": operation, "subject": subject, "identity": IDENTITY, **more}


async def two(here: Indoors) -> tuple[Person, Person]:
    """Somebody of whom Xelion has no card any more, and somebody else who has a line."""
    other = here.person(Role.RUNNING)
    ours = [one for one in here.world.people if one.controller == other.controller]
    someone = next(one for one in ours if one is not other and one.lines)
    await here.erased(someone, "xelion")
    return someone, other


async def corrected(here: Indoors, someone: Person, other: Person) -> None:
    change = {"field": "phone", "from": someone.lines[0].number, "to": other.lines[0].number}
    body = asked("rectify", someone, changes=[change], scope={"connectors": ["operator"]})
    report = await here.report(await here.carry_out(body))
    assert [one["outcome"] for one in report] == ["rectified"]


async def added(here: Indoors, someone: Person, other: Person) -> None:
    [own] = await told(
        here, "party/v4/individual", **{"externalReference.name": someone.customer_id}
    )
    number = {"phoneNumber": other.lines[0].number}
    media = [*own["contactMedium"], {"mediumType": "phone", "characteristic": number}]
    answer = await here.outside.patch(
        f"{here.addresses['operator']}/tmf-api/party/v4/individual/{own['id']}",
        json={"contactMedium": media},
        headers=await bearer(here),
    )
    assert answer.status_code == 200, answer.text


async def provided(here: Indoors, request_id: str, connector: str) -> Mapping[str, int]:
    lines = [one for one in await here.report(request_id) if one["connector"] == connector]
    return {one["category"]: one["count"] for one in lines if one["outcome"] == "provided"}


@pytest.mark.parametrize("way", [corrected, added])
async def test_it_shows_nothing_of_them(here: Indoors, way: Way) -> None:
    someone, other = await two(here)
    before = await here.carry_out(asked("access", someone))
    await way(here, someone, other)
    after = await here.carry_out(asked("access", someone))
    assert not await provided(here, after, "xelion")
    for connector in UPSTREAMS:
        assert await provided(here, after, connector) == await provided(here, before, connector)


async def test_it_erases_nothing_of_theirs(here: Indoors) -> None:
    someone, other = await two(here)
    await corrected(here, someone, other)
    held = [await here.holds(name, other) for name in UPSTREAMS]
    await here.carry_out(asked("erase", someone))
    assert [await here.holds(name, other) for name in UPSTREAMS] == held


async def test_an_address_that_another_customer_has_is_not_written_by_itself(here: Indoors) -> None:
    someone, other = await two(here)
    [theirs, own] = [
        (await told(here, "party/v4/individual", **{"externalReference.name": one.customer_id}))[0]
        for one in (other, someone)
    ]
    change = {"field": "email", "from": mail_of(own), "to": mail_of(theirs).upper()}
    body = asked("rectify", someone, changes=[change], scope={"connectors": ["operator"]})
    request_id = await here.carry_out(body)
    [line] = await here.report(request_id)
    assert (line["outcome"], line["reason"]) == ("refused", "ambiguous")
    assert (await here.request(request_id))["waiting_for"] == "person"
    after = await here.carry_out(asked("access", someone))
    assert not await provided(here, after, "xelion")


def mail_of(individual: JsonMap) -> str:
    media = (one["characteristic"].get("emailAddress") for one in individual["contactMedium"])
    return str(next(filter(None, media)))


async def test_whoever_gives_it_beside_their_own_is_no_one_person(here: Indoors) -> None:
    someone, other = await two(here)
    await corrected(here, someone, other)
    number = other.lines[0].number
    request_id = await here.carry_out(asked("access", someone, number))
    report = await here.report(request_id)
    assert not [one for one in report if one["outcome"] == "provided"]
    assert {one["reason"] for one in report if one["connector"] == "operator"} == {"ambiguous"}


async def test_whose_line_it_is_finds_all_of_theirs_as_before(here: Indoors) -> None:
    someone, other = await two(here)
    before = await here.carry_out(a_request("access", other))
    await corrected(here, someone, other)
    after = await here.carry_out(a_request("access", other))
    for connector in UPSTREAMS:
        found = await provided(here, after, connector)
        assert found
        assert found == await provided(here, before, connector)


async def reached_elsewhere(here: Indoors, person: Person) -> None:
    """Whoever has a line tells that they are reached by another number: their line is on no list of theirs."""
    change = {"field": "phone", "from": person.lines[0].number, "to": "+31687654321"}
    body = asked("rectify", person, changes=[change], scope={"connectors": ["operator"]})
    report = await here.report(await here.carry_out(body))
    assert [one["outcome"] for one in report] == ["rectified"]


def by_number(person: Person) -> JsonMap:
    known = [{"kind": "phone", "value": person.lines[0].number}]
    return {"operation": "access", "subject": {"identifiers": known}, "identity": IDENTITY}


async def test_whoever_is_reached_by_another_number_is_found_by_their_line(here: Indoors) -> None:
    _, other = await two(here)
    before = await here.carry_out(by_number(other))
    await reached_elsewhere(here, other)
    after = await here.carry_out(by_number(other))
    for connector in UPSTREAMS:
        found = await provided(here, after, connector)
        assert found
        assert found == await provided(here, before, connector)


async def test_the_line_of_somebody_reached_by_another_number_is_not_the_one_who_gives_it(
    here: Indoors,
) -> None:
    someone, other = await two(here)
    await reached_elsewhere(here, other)
    request_id = await here.carry_out(asked("access", someone, other.lines[0].number))
    report = await here.report(request_id)
    assert not [one for one in report if one["outcome"] == "provided"]
    assert {one["reason"] for one in report if one["connector"] == "operator"} == {"ambiguous"}


@pytest.mark.parametrize("status", ["created", "pendingActive", "cancelled", "aborted "])
async def test_a_line_that_was_ordered_and_is_anothers_shows_nothing_of_them(
    here: Indoors, status: str
) -> None:
    """Whoever orders somebody's number to be moved to them does not have it before it is."""
    someone, other = await two(here)
    before = await here.carry_out(asked("access", someone))
    [own] = await told(
        here, "party/v4/individual", **{"externalReference.name": someone.customer_id}
    )
    number = {"name": "phoneNumber", "value": other.lines[0].number}
    ordered = {
        "name": "Managed Voice", "status": status, "startDate": "2020-01-01T00:00:00Z",
        "productSpecification": {"id": "voice"}, "productCharacteristic": [number],
        "relatedParty": [{"id": own["id"], "role": "user", "@referredType": "Individual"}],
    }  # fmt: skip
    answer = await here.outside.post(
        f"{here.addresses['operator']}/tmf-api/productInventory/v4/product",
        json=ordered,
        headers=await bearer(here),
    )
    assert answer.status_code == 201, answer.text
    after = await here.carry_out(asked("access", someone))
    assert not await provided(here, after, "xelion")
    assert await provided(here, after, "directory") == await provided(here, before, "directory")
