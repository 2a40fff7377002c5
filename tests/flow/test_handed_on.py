"""A number that was handed on leads to nobody else's data, whatever days are given with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_mocks.people import Person, Role

from .harness import IDENTITY, JsonMap
from .indoors import Indoors, indoors
from .test_name_cards import EVERYWHERE, parts, readable

__all__ = ["readable"]  # a fixture that both files read by

HOLDERS = [Role.NUMBER_BEFORE, Role.NUMBER_AFTER]
OTHER = {Role.NUMBER_BEFORE: Role.NUMBER_AFTER, Role.NUMBER_AFTER: Role.NUMBER_BEFORE}
TOO_WIDE = {"valid_from": "2019-01-01"}
DOWN = {"fault": "error_503", "times": 100_000}


def asked(
    person: Person, number: str, operation: str, *kinds: str, days: JsonMap | None = None
) -> JsonMap:
    """A request by some of what is a person's, and by a number: with these days, or without any."""
    mine = [
        {"kind": one.kind, "value": one.value}
        for one in person.identifiers()
        if one.kind in kinds and one.value != number
    ]
    given = [*mine, {"kind": "phone", "value": number, **(days or {})}]
    subject = {"identifiers": given}
    return {"operation": operation, "subject": subject, "identity": IDENTITY}


def shared(here: Indoors) -> str:
    """The number that both holders had."""
    number: str = here.person(Role.NUMBER_BEFORE).lines[0].number
    return number


async def is_all_theirs(here: Indoors, request_id: str, person: Person) -> None:
    """Everything that is theirs is in the answer, and nothing else."""
    told = await parts(here, request_id)
    for name in EVERYWHERE:
        held = sum((await here.holds(name, person)).values())
        assert told[name]["items"].get("provided", 0) == held, name
        assert told[name]["outcome"] == ("completed" if held else "nothing_held"), name


@pytest.mark.parametrize("role", HOLDERS)
@pytest.mark.parametrize("days", [{}, TOO_WIDE])
@pytest.mark.parametrize("kinds", [("email",), ("customer_id",)])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_number_is_theirs_on_the_days_that_their_contract_says(
    role: Role, days: JsonMap, kinds: tuple[str, ...], readable: Indoors
) -> None:
    person = readable.person(role)
    body = asked(person, shared(readable), "access", *kinds, days=days)
    await is_all_theirs(readable, await readable.carry_out(body), person)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("role", HOLDERS)
async def test_all_that_somebody_is_known_by_is_enough_without_any_days(
    role: Role, readable: Indoors
) -> None:
    kinds = ("customer_id", "email", "phone", "iccid", "imsi", "xelion_id")
    person = readable.person(role)
    request_id = await readable.carry_out(asked(person, shared(readable), "access", *kinds))
    await is_all_theirs(readable, request_id, person)


@pytest.mark.parametrize("role", HOLDERS)
@pytest.mark.parametrize("days", [{}, TOO_WIDE])
async def test_nothing_of_who_else_had_a_number_is_erased(
    role: Role, days: JsonMap, tmp_path: Path
) -> None:
    async with indoors(tmp_path, EVERYWHERE) as here:
        person, other = here.person(role), here.person(OTHER[role])
        before = [await here.holds(name, other) for name in EVERYWHERE]
        await here.carry_out(asked(person, shared(here), "erase", "email", days=days))
        assert [await here.holds(name, other) for name in EVERYWHERE] == before
        done = [effect for name in EVERYWHERE for effect in await here.effects(name)]
        assert {effect["subject"] for effect in done} == {person.id}


@pytest.mark.parametrize("role", HOLDERS)
@pytest.mark.parametrize("days", [{}, TOO_WIDE])
async def test_nothing_of_who_else_had_a_number_is_erased_while_the_contracts_cannot_be_read(
    role: Role, days: JsonMap, tmp_path: Path
) -> None:
    async with indoors(tmp_path, EVERYWHERE) as here:
        person, other = here.person(role), here.person(OTHER[role])
        before = [await here.holds(name, other) for name in EVERYWHERE]
        await here.plant("operator", DOWN)
        body = asked(person, shared(here), "erase", "email", days=days)
        request_id = await here.submit(body)
        assert (await here.until(request_id))["waiting_for"] == "approval"
        assert (await here.decide(request_id)).status_code == 200
        await here.let_pass(minutes=30)
        done = [effect for name in EVERYWHERE for effect in await here.effects(name)]
        assert {effect["subject"] for effect in done} == {person.id}
        await here.plant("operator")
        await here.let_pass(hours=12)
        if (await here.until(request_id))["waiting_for"] == "approval":
            assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "closed", "person")
        assert [await here.holds(name, other) for name in EVERYWHERE] == before
        told = await parts(here, request_id)
        assert told["operator"]["items"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("role", HOLDERS)
async def test_where_no_contract_is_asked_a_number_without_days_adds_nothing_and_it_is_said(
    role: Role, readable: Indoors
) -> None:
    person = readable.person(role)
    body = asked(person, shared(readable), "access", "email")
    body["scope"] = {"connectors": ["xelion"]}
    told = (await parts(readable, await readable.carry_out(body)))["xelion"]
    body["subject"]["identifiers"].pop()
    by_what_lasts = (await parts(readable, await readable.carry_out(body)))["xelion"]
    assert told["items"] == by_what_lasts["items"]
    assert [part["reason_code"] for part in told["unseen"]] == ["days_unknown"]
    assert told["outcome"] != by_what_lasts["outcome"] == "completed"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_second_number_is_found_though_the_first_was_given(readable: Indoors) -> None:
    person = readable.person(Role.SAME_NAME_SECOND)
    assert len(person.lines) > 1
    body = asked(person, person.lines[0].number, "access", "email", days=TOO_WIDE)
    body["scope"] = {"connectors": ["xelion", "directory"]}
    told = await parts(readable, await readable.carry_out(body))
    held = sum((await readable.holds("directory", person)).values())
    assert told["directory"]["items"]["provided"] == held
