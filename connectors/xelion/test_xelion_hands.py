"""A card that was made somebody else's after it was found is not deleted as if it still was the first one's."""

from __future__ import annotations

from dataclasses import replace

import pytest

import avgate_contracts as sdk
from avgate_xelion.lines import identifier

from .stage import ERASED, GONE, Stage, live, only


async def changed(stage: Stage, record: sdk.Record, path: str, value: str) -> None:
    """A colleague edits the card, on which the number of a desk stays."""
    ids = {"oid": str(record.data["oid"])}
    operation: sdk.Json = {"op": "replace", "path": path, "value": value}
    body: sdk.Json = {"operations": [operation]}
    await stage.http.send("PATCH", "/addressables/{oid}", ids=ids, json=body)


@pytest.mark.parametrize("path", ["/familyName", "/telecomAddresses/{}/address"])
async def test_it_is_left_alone_and_told(path: str) -> None:
    async with live(known=only("xelion_id")) as stage:
        card = await stage.card()
        lines = card.data["telecomAddresses"]
        assert isinstance(lines, list)
        line = lines[0]
        assert isinstance(line, dict)
        value = "Iemand-Anders" if "Name" in path else "+31881112233"
        await changed(stage, card, path.format(line["oid"]), value)
        (outcome,) = await stage.erase(card.item)
        (held,) = await stage.connector.still_held([card.item])
    assert held.ref == card.item.ref
    assert held.version != card.item.version
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "changed_meanwhile"


async def test_what_is_only_used_or_spelled_in_another_way_is_still_theirs() -> None:
    async with live(known=only("xelion_id")) as stage:
        card = await stage.card()
        lines = card.data["telecomAddresses"]
        assert isinstance(lines, list)
        told = [each for each in lines if isinstance(each, dict)]
        line = next(each for each in told if "@" not in str(each["address"]))
        found = identifier(str(line["address"]))
        assert found is not None
        spelled = found.value.replace("+31", "0031 ")
        await changed(stage, card, f"/telecomAddresses/{line['oid']}/address", spelled)
        assert await stage.erase(card.item) == [ERASED]
        assert await stage.erase(card.item, key="key-2") == [GONE]


async def test_what_was_found_by_an_earlier_release_goes_as_before() -> None:
    async with live(known=only("xelion_id")) as stage:
        card = await stage.card()
        assert await stage.erase(replace(card.item, version=None)) == [ERASED]


async def test_nobody_is_found_by_what_tells_of_it() -> None:
    async with live(known=only("xelion_id")) as stage:
        version = (await stage.card()).item.version
    assert version is not None
    assert len(version) <= 4
