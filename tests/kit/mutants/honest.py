"""Connectors that do it otherwise and do it well: the suite must not turn on any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar, TypeVar
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import ParseError, fromstring
from pydantic import BaseModel

import avgate_contracts as sdk
from avgate_contracts import Category, Completed, Effect
from avgate_contracts.kit.redaction import Redaction

from .linden import Card, Job, LindenConnector
from .writing import Items, Outcomes

Kind = TypeVar("Kind", bound=type[LindenConnector])

HONEST: list[tuple[type[LindenConnector], dict[str, Any]]] = [(LindenConnector, {})]


def honest(**more: Any) -> Callable[[Kind], Kind]:
    """Puts a connector on the list, with what its author writes otherwise in the test class."""

    def listed(connector: Kind) -> Kind:
        HONEST.append((connector, more))
        return connector

    return listed


class CursorInAHeader(LindenConnector):
    """Its lists are bare, and where they go on stands in a header."""

    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor = "0"
        read: set[str] = set()
        while cursor:
            if cursor in read:
                raise sdk.ContractBrokenError("the pages lead back to one that was read already")
            read.add(cursor)
            params = {**asked, "style": "header", "cursor": cursor}
            answer = await self._http.send("GET", "/cards", params=params)
            if "x-next" not in answer.headers:
                raise sdk.ContractBrokenError("a list does not say where it goes on")
            for card in answer.parse(list[Card]):
                yield card
            cursor = answer.headers["x-next"]


class Counted(BaseModel):
    items: list[Card]
    total: int


class CountsToTheTotal(LindenConnector):
    """Its lists say how many there are in all."""

    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        read, total = 0, 1
        begun: set[str] = set()
        while read < total:
            params = {**asked, "style": "total", "cursor": str(read)}
            page = (await self._http.send("GET", "/cards", params=params)).parse(Counted)
            if not page.items and page.total > read:
                raise sdk.ContractBrokenError("a list ends before its total")
            if begun.intersection(card.id for card in page.items[:1]):
                raise sdk.ContractBrokenError("a page comes twice")
            begun.update(card.id for card in page.items[:1])
            for card in page.items:
                yield card
            read, total = read + len(page.items), page.total


@honest()
class ErasesInBulk(CountsToTheTotal):
    """One call for all cards, accepted with 202 and confirmed later: a soft delete."""

    async def erase(self, items: Items, *, key: str) -> Outcomes:
        held = {item.ref for item in await self.still_held(items)}
        outcomes: dict[str, sdk.Outcome] = dict.fromkeys(
            (item.ref for item in items), Completed(Effect.ALREADY_GONE)
        )
        if held:
            outcomes |= dict.fromkeys(held, await self._removed_all(sorted(held), key))
        return [sdk.ItemOutcome(item.ref, outcomes[item.ref]) for item in items]

    async def _removed_all(self, refs: Sequence[str], key: str) -> sdk.Outcome:
        body: sdk.Json = {"ids": list(refs)}
        own_key = f"{key}/{'+'.join(refs)}"
        try:
            answer = await self._http.send(
                "POST", "/removals", json=body, key=own_key, repeatable=True
            )
        except sdk.RefusedError:
            return sdk.Refused("refused", "Linden refused; look at the cards there")
        except sdk.OutcomeUnknownError:
            return sdk.Unknown("the answer was lost")
        return self._pending(answer.parse(Job).id)


@honest(redaction=Redaction(headers={"x-next"}))
class ReadsBack(CursorInAHeader):
    """Its upstream knows no idempotency keys, so it looks what became of each write."""

    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        if item.category is Category.FINANCIAL:
            return await super()._removed(item, key)
        try:
            await self._http.send("DELETE", "/cards/{id}", ids={"id": item.ref}, accept=(404,))
        except sdk.OutcomeUnknownError:
            return await self._seen(item)
        return Completed(Effect.ERASED)

    async def _seen(self, item: sdk.ItemRef) -> sdk.Outcome:
        try:
            card = await self._card(item.ref)
        except sdk.UnavailableError:
            return sdk.Unknown("the answer was lost, and Linden cannot be looked at")
        return Completed(Effect.ERASED) if card is None else sdk.Unknown("it is there still")


@honest()
class ReadsXml(LindenConnector):
    """Its lists come in XML, and all at once."""

    manifest: ClassVar[sdk.Manifest] = LindenConnector.manifest

    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        answer = await self._http.send("GET", "/cards.xml", params=asked)
        try:
            root = fromstring(answer.body)
        except ParseError:
            raise sdk.ContractBrokenError("the answer is not XML") from None
        if root.tag != "cards":
            raise sdk.ContractBrokenError("the answer is no list of cards")
        for node in root:
            found = await self._card(self._id(node))
            if found is not None:
                yield found

    def _id(self, node: Element) -> str:
        ref = node.get("id")
        if node.tag != "card" or not ref:
            raise sdk.ContractBrokenError("a list of cards has something else in it")
        return ref
