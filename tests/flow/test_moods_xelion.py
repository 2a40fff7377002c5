"""A Xelion that behaves well as HTTP and badly in substance: nothing is said of it that is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_mocks.people import Role

from .came_of_it import lines
from .harness import JsonMap, a_request
from .indoors import indoors
from .moods import Ask, Asked, Said

XELION = ("xelion",)


def each(content: JsonMap) -> list[JsonMap]:
    """The objects in an answer of Xelion's: of a list, or the one."""
    rows = [content] if "object" in content else content.get("data", [])
    return [row["object"] for row in rows]


@pytest.mark.parametrize("how", ["ignored", "inverted"])
@pytest.mark.parametrize("operation", ["access", "erase"])
async def test_a_call_log_in_another_order_than_was_asked_for_is_not_taken_for_whole(
    operation: str, how: str, tmp_path: Path
) -> None:
    other = {"ascending": "descending", "descending": "ascending"}
    async with indoors(tmp_path, XELION) as here:

        async def disordered(asked: Asked, ask: Ask) -> Said | None:
            if not asked.path.endswith("/communications"):
                return None
            order = other.get(asked.query.get("order", "")) if how == "inverted" else None
            return await ask(asked.to(order=order))

        here.moods["xelion"].append(disordered)
        person = here.person(Role.RUNNING)
        request_id = await here.carry_out(a_request(operation, person, "xelion"))
        assert await lines(here, request_id, "xelion") == [(None, "failed", "contract_broken")]
        assert not await here.effects("xelion")


@pytest.mark.parametrize("is_null", [False, True], ids=["renamed", "null"])
@pytest.mark.parametrize("of", ["participants", "telecomAddresses"])
@pytest.mark.parametrize("days", [0, 400], ids=["since the plan", "years later"])
async def test_what_is_not_told_of_a_call_in_xelion_is_not_said_to_be_gone(
    of: str, days: int, is_null: bool, tmp_path: Path
) -> None:
    async with indoors(tmp_path, XELION) as here:
        person = here.person(Role.RUNNING)

        async def renamed(asked: Asked, ask: Ask) -> Said | None:
            said = await ask(asked) if asked.method == "GET" else None
            if said is None or "json" not in said.headers.get("content-type", ""):
                return said
            content = said.json
            for thing in each(content):
                for name in (of, "associatedAddressable", "subject"):
                    if name in thing:
                        thing[f"new{name}"] = thing.pop(name)
                        thing.update({name: None} if is_null else {})
            return said.saying(content)

        request_id = await here.submit(a_request("erase", person, "xelion"))
        await here.until(request_id)
        if not days:
            here.moods["xelion"].append(renamed)
        assert (await here.decide(request_id)).status_code == 200
        await here.until(request_id, "closed", "person")
        here.moods["xelion"].append(renamed)
        for _ in range(4):
            await here.let_pass(days=days)
        report = [one for one in await here.report(request_id) if one["category"] == CALLS]
        gone = [one["count"] for one in report if one["outcome"] in {"already_gone", "anonymised"}]
        held = await here.holds("xelion", person)
        assert sum(gone) == EVERY_CALL - held.get(CALLS, 0)


CALLS = "communication_metadata"


EVERY_CALL = 35  # of the person's


async def test_contacts_that_have_no_numbers_any_more_are_not_taken_for_nobody(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, XELION) as here:
        person = here.person(Role.RUNNING)

        async def nulled(asked: Asked, ask: Ask) -> Said | None:
            if "/addressables" not in asked.path:
                return None
            said = await ask(asked)
            content = said.json
            for thing in each(content):
                thing["telecomAddresses"] = None
            return said.saying(content)

        here.moods["xelion"].append(nulled)
        body = a_request("access", person, "xelion")
        known = [one for one in body["subject"]["identifiers"] if one["kind"] == "email"]
        request_id = await here.carry_out({**body, "subject": {"identifiers": known}})
        assert await lines(here, request_id, "xelion") == [(None, "failed", "contract_broken")]
