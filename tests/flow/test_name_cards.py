"""What a name card says leads to the other systems, and to nobody else's data there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from avgate_contracts import (
    Category,
    DataSubject,
    Field,
    FieldChange,
    Identifier,
    IdentifierKind,
    ItemChange,
    Record,
    SupportsAccess,
    SupportsRectify,
)
from avgate_mocks.people import Person, Role

from .harness import IDENTITY, JsonMap
from .indoors import Indoors, indoors

EVERYWHERE = ("operator", "xelion", "directory", "subprocessors")


def known_by(person: Person, kind: str, operation: str = "access") -> JsonMap:
    """A request that gives one identifier of a person."""
    one = next(one for one in person.identifiers() if one.kind == kind)
    subject = {"identifiers": [one.as_json()]}
    return {"operation": operation, "subject": subject, "identity": IDENTITY}


async def parts(here: Indoors, request_id: str) -> dict[str, JsonMap]:
    shown = await here.request(request_id)
    return {one["connector"]: one for one in shown["connectors"]}


async def write_on_card(here: Indoors, person: Person, field: Field, before: str, to: str) -> None:
    """Somebody keeps a number or an address on a person's card that is not theirs alone."""
    xelion = here.assembled.context.desks["libervoice"].connectors["xelion"]
    assert isinstance(xelion, SupportsAccess)
    assert isinstance(xelion, SupportsRectify)
    named = Identifier.of(IdentifierKind.XELION_ID, person.xelion_id or "")
    found = [f async for f in xelion.access(DataSubject("", (named,))) if isinstance(f, Record)]
    [card] = [record.item for record in found if record.item.category is Category.CONTACTS]
    change = ItemChange(card, (FieldChange(field, before, to),))
    await xelion.rectify([change], key="planted")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def readable(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    """For tests that only read what upstreams hold."""
    async with indoors(tmp_path_factory.mktemp("cards"), EVERYWHERE) as here:
        yield here


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.TWO_UPSTREAMS, "email"),
        (Role.TWO_UPSTREAMS, "xelion_id"),
        (Role.SAME_NAME_FIRST, "xelion_id"),
        (Role.NUMBER_BEFORE, "xelion_id"),
        (Role.NUMBER_AFTER, "xelion_id"),
        (Role.ENDED, "xelion_id"),
        (Role.NUMBER_BEFORE, "phone"),  # until it was handed on; the same contract has another
        (Role.NUMBER_AFTER, "phone"),
        (Role.NUMBER_BEFORE, "iccid"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_somebody_known_by_one_thing_is_found_wherever_they_are_and_nobody_else_is(
    role: Role, kind: str, readable: Indoors
) -> None:
    person = readable.person(role)
    request_id = await readable.carry_out(known_by(person, kind))
    told = await parts(readable, request_id)
    for name in EVERYWHERE:
        held = sum((await readable.holds(name, person)).values())
        assert told[name]["items"].get("provided", 0) == held, name
        assert told[name]["outcome"] == ("completed" if held else "nothing_held"), name
        assert told[name]["quarantined"] == 0, name


async def test_an_erasure_by_one_thing_reaches_all_that_is_theirs_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, EVERYWHERE) as here:
        person = here.person(Role.TWO_UPSTREAMS)
        others = [one for one in here.world.people if one.id != person.id]
        before = [await here.holds("directory", one) for one in others[:9]]
        await here.carry_out(known_by(person, "email", "erase"))
        assert [await here.holds("directory", one) for one in others[:9]] == before
        delisted = [e for e in await here.effects("directory") if e["kind"] == "order"]
        assert {effect["subject"] for effect in delisted} == {person.id}


async def test_a_mailbox_of_a_housemate_on_a_card_shows_nothing_of_the_housemate(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, EVERYWHERE) as here:
        person, housemate = here.person(Role.TWO_UPSTREAMS), here.person(Role.RUNNING)
        for mine, theirs in zip(
            person.emails, (housemate.emails[0], "x@example.org"), strict=False
        ):
            await write_on_card(here, person, Field.EMAIL, mine, theirs)
        request_id = await here.carry_out(known_by(person, "xelion_id"))
        told = await parts(here, request_id)
        for name in ("operator", "subprocessors"):
            assert (told[name]["outcome"], told[name]["items"]) == ("unsupported", {}), name
            assert told[name]["reason_code"] == "cannot_find", name
        assert "name card" in told["operator"]["reason"]
        assert told["directory"]["items"]["provided"] == 3


async def test_a_number_on_a_card_that_was_handed_on_shows_nothing_of_its_new_holder(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("xelion", "directory")) as here:
        person, holder = here.person(Role.TWO_UPSTREAMS), here.person(Role.RUNNING)
        for line in person.lines:
            await write_on_card(here, person, Field.PHONE, line.number, holder.lines[0].number)
        request_id = await here.carry_out(known_by(person, "email"))
        told = await parts(here, request_id)
        assert (told["directory"]["outcome"], told["directory"]["items"]) == ("unsupported", {})
        assert told["xelion"]["outcome"] == "completed"


async def test_a_card_that_leads_to_two_customers_is_for_a_person_to_tell_apart(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator", "xelion")) as here:
        person, other = here.person(Role.SAME_NAME_FIRST), here.person(Role.SAME_NAME_SECOND)
        await write_on_card(here, person, Field.EMAIL, person.emails[0], other.emails[0])
        request_id = await here.carry_out(known_by(person, "xelion_id"))
        told = await parts(here, request_id)
        assert told["operator"]["reason_code"] == "ambiguous"
        assert not any(one["items"] for one in told.values())


async def test_a_card_adds_nothing_where_something_surer_was_given(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator", "xelion")) as here:
        person, other = here.person(Role.RUNNING), here.person(Role.SAME_NAME_SECOND)
        await write_on_card(here, person, Field.EMAIL, person.emails[0], other.emails[0])
        body = known_by(person, "xelion_id")
        body["subject"]["identifiers"] += known_by(person, "customer_id")["subject"]["identifiers"]
        request_id = await here.carry_out(body)
        told = await parts(here, request_id)
        assert {one["outcome"] for one in told.values()} == {"completed"}
        held = await here.holds("operator", person)
        assert told["operator"]["items"]["provided"] == sum(held.values())
