"""Ids of the operator's that no address can hold: nothing else is done in their place."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from avgate_contracts import (
    Category,
    Completed,
    Effect,
    Failed,
    ItemRef,
    Product,
    Runtime,
    open_client,
)
from avgate_operator import OperatorConnector, OperatorSettings
from avgate_operator.held import Ref

SETTINGS = {"base_url": "https://operator.example", "client_id": "a", "client_secret": "b"}
TOKEN = {"access_token": "token", "token_type": "Bearer", "expires_in": 900}
ODD = ("cdr/1", "cdr/1/2", "", " ", "a b", "..", "é", "x?y", "p" * 300)
ERASED = Completed(Effect.ERASED)


def item(ref: str, category: Category = Category.COMMUNICATION_METADATA) -> ItemRef:
    return ItemRef(ref, category, Product.VOICE)


@asynccontextmanager
async def opened(usages: set[str]) -> AsyncIterator[OperatorConnector]:
    def answered(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth2/token"):
            return httpx.Response(200, json=TOKEN)
        one = re.fullmatch(r".*/usage/([^/]+)", request.url.path)
        if one is None:
            return httpx.Response(200, json=[], headers={"x-total-count": "0"})
        if one[1] not in usages:
            return httpx.Response(404, json={"code": "notFound"})
        if request.method == "DELETE":
            usages.remove(one[1])
            return httpx.Response(204)
        told = {"id": one[1], "usageType": "voice", "usageDate": "2014-01-01T00:00:00Z"}
        return httpx.Response(200, json={**told, "relatedParty": [{"id": "p1"}]})

    settings = OperatorSettings.model_validate(SETTINGS)
    runtime = Runtime(transport=lambda: httpx.MockTransport(answered))
    async with open_client(settings, OperatorConnector.manifest.limits, runtime) as http:
        yield OperatorConnector(settings, http)


@pytest.mark.parametrize("odd", ODD)
async def test_an_id_that_no_address_can_hold_leads_to_nothing_else(odd: str) -> None:
    usages = {"cdr", "1", "2"}
    async with opened(usages) as connector:
        refs = [item(str(Ref("usage", odd)))]
        (told,) = await connector.erase(refs, key="k")
        assert isinstance(told.outcome, Failed)
        assert (told.ref, told.outcome.code) == (refs[0].ref, "no_address")
        assert await connector.still_held(refs) == refs
    assert usages == {"cdr", "1", "2"}


async def test_however_many_there_are_of_them_the_others_are_erased() -> None:
    usages = {"u1", "u2"}
    refs = [item(str(Ref("usage", one))) for one in (*ODD, "u1", "u2")]
    async with opened(usages) as connector:
        told = {one.ref: one.outcome for one in await connector.erase(refs, key="k")}
        assert set(told) == {one.ref for one in refs}
        assert (told["usage/u1"], told["usage/u2"]) == (ERASED, ERASED)
        assert not usages
        held = await connector.still_held(refs)
    assert [one.ref for one in held] == [str(Ref("usage", one)) for one in ODD]
