"""A connector of an upstream that knows its people as customers, by numbers beside their addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import ClassVar

import avgate_contracts as sdk

from .linden import KINDS, Card, LindenConnector, LindenContract, Page
from .linden_mock import CUSTOMER
from .reading import PLAYS
from .registry import mutant

SAME = "test_somebody_elses_data_is_not_taken_for_the_subjects[with the same address]"
_NUMBER = sdk.IdentifierKind.CUSTOMER_ID


class Numbered(Card):
    customer: str


class NumberedPage(Page):
    items: Sequence[Numbered]  # type: ignore[assignment]  # of nothing but these


@mutant(
    "takes what another customer has under the same address for the subject's",
    PLAYS,
    own=(SAME,),
    subject={**LindenContract.subject, "customer_id": CUSTOMER},
)
class ByAddressAlone(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(
        LindenConnector.manifest, finds_by=frozenset({*KINDS, _NUMBER})
    )

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        names = {**KINDS, _NUMBER: "customer"}
        seen: set[str] = set()
        for one in subject.identifiers:
            async for card in self._cards({names[one.kind]: one.value}):
                if card.id not in seen:
                    seen.add(card.id)
                    yield self._record(card)

    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor: str | None = "0"
        read: set[str] = set()
        while cursor is not None:
            if cursor in read:
                raise sdk.ContractBrokenError("the pages lead back to one that was read already")
            read.add(cursor)
            params = {**asked, "cursor": cursor}
            page = (await self._http.send("GET", "/cards", params=params)).parse(NumberedPage)
            for card in page.items:
                yield card
            cursor = page.next

    def _identifiers(self, card: Card) -> tuple[sdk.Identifier, ...]:
        number = sdk.Identifier.of(_NUMBER, getattr(card, "customer", CUSTOMER))
        return (*super()._identifiers(card), number)
