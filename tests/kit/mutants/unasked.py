"""Connectors that ask what nobody needs, go by the order of things, or read past the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import avgate_contracts as sdk

from .linden import Card, LindenConnector, Page
from .reading import CALLS, PLAYS, RETYPED
from .registry import mutant
from .writing import Items, Outcomes


@mutant("makes a call that is on no recording", PLAYS, CALLS, own=("test_no_items_take_no_calls",))
class AsksOnceMore(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        await self.check()
        async for record in super().access(subject):
            yield record

    async def still_held(self, items: Items) -> Sequence[sdk.ItemRef]:
        await self.check()
        return await super().still_held(items)


@mutant("fails what comes after an item of another kind", "test_items_come_in_any_order")
class GoesByPlace(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:
        outcomes = list(await super().erase(items, key=key))
        kinds = [item.category for item in items]
        if (
            sdk.Category.FINANCIAL in kinds
            and kinds.index(sdk.Category.FINANCIAL) < len(kinds) // 2
        ):
            outcomes[-1] = replace(outcomes[-1], outcome=sdk.Failed("order", "too late"))
        return outcomes


@mutant("makes its keys of a word of its own", "test_keys_of_erasing_are_made_of_the_key_given")
class KeyOfItsOwn(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:
        return await super().erase(items, key="kit-erase-1" if key else key)


@mutant("lets errors of Python's own out where an answer is of another type", RETYPED)
class LeaksTypeErrors(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor: str | None = "0"
        while cursor is not None:
            params = {**asked, "cursor": cursor}
            found: Any = (await self._http.send("GET", "/cards", params=params)).json()
            for card in Page.model_validate(found).items:
                yield card
            cursor = found["next"]
