"""What the Xelion connector says of a call that goes on to show whose it is."""

from __future__ import annotations

import json
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
