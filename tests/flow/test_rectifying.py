"""What a correction comes to where there was nothing to correct, and where nothing is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_contracts import DataSubject, Field, Identifier, Record, SupportsAccess
from avgate_mocks.people import Person, Role

from .harness import a_request
from .indoors import Indoors, indoors


def plain(here: Indoors) -> Person:
    """Somebody whose name has no prefix."""
    ours = [p for p in here.world.people[12:] if p.controller == "libervoice"]
    return next(person for person in ours if not person.name.prefix)


async def fields(here: Indoors, name: str, person: Person) -> list[dict[Field, tuple[str, ...]]]:
    """What one connector says can be corrected of a person."""
    connector = here.assembled.context.desks["libervoice"].connectors[name]
    assert isinstance(connector, SupportsAccess)
    known = tuple(
        Identifier.of(one.kind, one.value, one.valid_from, one.valid_until)
        for one in person.identifiers()
    )
    found = [r async for r in connector.access(DataSubject("a reference", known))]
    return [dict(one.fields) for one in found if isinstance(one, Record) and one.fields]


async def test_a_prefix_that_was_missing_is_filled_in(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person = plain(here)
        changes = [{"field": "name.prefix", "to": "van der"}]
        request_id = await here.carry_out(a_request("rectify", person, changes=changes))
        assert (await here.request(request_id))["state"] == "closed"
        assert {x["outcome"] for x in await here.report(request_id)} == {"rectified"}
        prefixes = {one.get(Field.NAME_PREFIX) for one in await fields(here, "operator", person)}
        assert ("van der",) in prefixes
        assert {e["kind"] for e in await here.effects("operator")} == {"change"}


@pytest.mark.parametrize(
    ("name", "field", "to"),
    [
        ("xelion", "bank_account", "NL91ABNA0417164300"),
        ("directory", "email", "new@example.org"),
        ("directory", "bank_account", "NL91ABNA0417164300"),
    ],
)
async def test_what_an_upstream_does_not_keep_is_not_called_nothing(
    tmp_path: Path, name: str, field: str, to: str
) -> None:
    async with indoors(tmp_path, (name,)) as here:
        person = here.person(Role.RUNNING)
        assert await here.holds(name, person)
        body = a_request("rectify", person, changes=[{"field": field, "to": to}])
        request_id = await here.carry_out(body)
        assert (await here.request(request_id))["state"] == "closed"
        assert [x["outcome"] for x in await here.report(request_id)] == ["not_kept"]
        assert not await here.effects(name)


async def test_where_the_person_is_not_known_nothing_is_held(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        changes = [{"field": "bank_account", "to": "NL91ABNA0417164300"}]
        body = a_request("rectify", plain(here), changes=changes)
        body["subject"] = {"identifiers": [{"kind": "email", "value": "nobody@example.org"}]}
        request_id = await here.carry_out(body)
        assert [x["outcome"] for x in await here.report(request_id)] == ["nothing_held"]
