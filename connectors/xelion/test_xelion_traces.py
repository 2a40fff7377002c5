"""What the Xelion connector says of a call that goes on to show whose it is, and of one of two cards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import httpx
import pytest

import avgate_contracts as sdk
from avgate_xelion.models import Ref

from .stage import GONE, live

_CALL = sdk.Category.COMMUNICATION_METADATA
_THEIRS = Ref(_CALL, "10", frozenset({"1"}), frozenset({"5"}))
_ITEM = sdk.ItemRef(str(_THEIRS), _CALL, sdk.Product.XELION, erasure=sdk.ErasureWay.ANONYMISE)
_WHEN = "2026-01-01 10:00:00"
_END = {"oid": "5", "commonName": "Saskia", "addressable": {"oid": "1"}}
_LINKED = {"associatedAddressable": {"oid": "1"}}
_LABELLED = {"commonName": "Saskia <- Micha, 2026-01-01"}


class OneCall(httpx.AsyncBaseTransport):
    """A Xelion with one call, which carries out a change and may keep its answer to itself."""

    def __init__(self, call: dict[str, Any], *, loses: int = 0) -> None:
        self.call = {"oid": "10", "date": _WHEN, "participants": [], **call}
        self._loses = loses

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me/login"):
            return httpx.Response(200, json={"authentication": "t"})
        if request.method != "PATCH":
            return httpx.Response(200, json={"object": self.call})
        for one in json.loads(await request.aread())["operations"]:
            if one["op"] == "replace":
                self.call[one["path"].removeprefix("/")] = one["value"]
        self._loses -= 1
        return httpx.Response(204 if self._loses < 0 else 502)


@pytest.mark.parametrize("left", [_LINKED, _LABELLED])
@pytest.mark.parametrize("loses", [0, 1, 9])
async def test_a_call_that_still_shows_whose_it_is_was_not_gone_already(
    left: dict[str, Any], loses: int
) -> None:
    upstream = OneCall({"participants": [_END], **left}, loses=loses)
    async with live(transport=upstream) as stage:
        (outcome,) = await stage.erase(_ITEM)
    assert upstream.call["participants"] == []
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "identity_left"


async def test_a_call_that_leads_to_them_by_a_link_alone_is_still_held_and_not_gone() -> None:
    async with live(transport=OneCall(_LINKED)) as stage:
        (outcome,) = await stage.erase(_ITEM)
        assert await stage.connector.still_held([_ITEM]) == [_ITEM]
    assert isinstance(outcome, sdk.Failed)


async def test_a_call_without_a_trace_of_them_is_gone() -> None:
    async with live(transport=OneCall({})) as stage:
        assert await stage.erase(_ITEM) == [GONE]


def card_and_number(request: httpx.Request) -> httpx.Response:
    """Their card has a number of former days; who calls them by the next one is put on the card."""
    path, asked = request.url.path.rpartition("/")[2], request.url.params
    if path == "login":
        return httpx.Response(200, json={"authentication": "t"})
    card, number = (
        {"oid": oid, "objectType": kind, "telecomAddresses": [{"oid": f"{oid}0", "address": line}]}
        for oid, kind, line in (
            ("1", "Person", "0612345678"),
            ("2", "UnknownAddressable", "0687654321"),
        )
    )
    end = {"oid": "5", "address": "0687654321", "addressable": {"oid": "2"}}
    call = {"oid": "10", "date": _WHEN, "participants": [end], **_LINKED}
    for each in (card, number, call):
        if each["oid"] == path:
            return httpx.Response(200, json={"object": each})
    lists: Mapping[str, Sequence[Mapping[str, object]]] = {
        "addressables": [card, number],
        "communications": [call],
    }
    rows = [] if "after" in asked else lists[path]
    return httpx.Response(200, json={"data": [{"object": row} for row in rows]})


async def test_a_call_of_days_that_a_card_says_nothing_of_is_found_by_the_number_that_was_used() -> (
    None
):
    turn = date(2025, 1, 1)
    phone = sdk.IdentifierKind.PHONE
    mine = (
        sdk.Identifier.of(phone, "+31612345678", None, turn),
        sdk.Identifier.of(phone, "+31687654321", turn),
    )
    transport = httpx.MockTransport(card_and_number)
    async with live(transport=transport, known=lambda _: mine) as stage:
        found = [record.data["oid"] for record in await stage.found()]
    assert found == ["10", "1", "2"]
