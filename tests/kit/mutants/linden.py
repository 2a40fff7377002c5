"""A connector that keeps every law of the suite: what the mutants are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

import avgate_contracts as sdk
from avgate_contracts import Category, Completed, Effect, ErasureWay, Product
from avgate_contracts.kit import ConnectorContract

from .linden_mock import FLEUR, NUMBER, serve

PRODUCTS = {Category.CRM_DATA: Product.CONTACT_CONNECT, Category.FINANCIAL: Product.GENERAL}
ERASES = {Category.CRM_DATA: ErasureWay.DELETE, Category.FINANCIAL: ErasureWay.FORWARD}
KINDS = {sdk.IdentifierKind.EMAIL: "email", sdk.IdentifierKind.PHONE: "phone"}


class LindenSettings(sdk.ConnectorSettings):
    client_id: str
    client_secret: SecretStr

    def credentials(self) -> sdk.Credentials:
        return sdk.ClientCredentials(f"{self.base_url}/token", self.client_id, self.client_secret)


class Phone(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    number: str
    begin: date = Field(alias="from")
    until: date | None


class Card(BaseModel):
    id: str
    kind: str
    name: str
    emails: list[str]
    phones: list[Phone]
    street: str
    city: str
    since: datetime
    photo: bool


class Page(BaseModel):
    items: list[Card]
    next: str | None


class Job(BaseModel):
    id: str
    state: str


class LindenConnector(
    sdk.Connector,
    sdk.SupportsAccess,
    sdk.SupportsExport,
    sdk.SupportsRectify,
    sdk.SupportsErase,
    sdk.SupportsConfirm,
):
    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="linden",
        title="Linden",
        processor="Linden B.V.",
        finds_by=frozenset(KINDS),
        holds=frozenset(ERASES),
        erases=ERASES,
    )
    settings_type: ClassVar[type[LindenSettings]] = LindenSettings

    def __init__(self, settings: LindenSettings, http: sdk.HttpClient) -> None:  # noqa: ARG002 -- every connector is given both
        self._http = http

    async def check(self) -> None:
        (await self._http.send("GET", "/me")).json()

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        seen: set[str] = set()
        for one in subject.identifiers:
            if one.kind in KINDS:
                async for card in self._cards({KINDS[one.kind]: one.value}):
                    if card.id not in seen:
                        seen.add(card.id)
                        yield self._record(card)

    def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        return self.access(subject)

    async def rectify(
        self, items: Sequence[sdk.ItemChange], *, key: str
    ) -> Sequence[sdk.ItemOutcome]:
        return [sdk.ItemOutcome(each.item.ref, await self._rectified(each, key)) for each in items]

    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        return [sdk.ItemOutcome(item.ref, await self._erased(item, key)) for item in items]

    async def confirm(self, job: str, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemOutcome]:
        found = (await self._http.send("GET", "/jobs/{id}", ids={"id": job})).parse(Job)
        outcome = Completed(Effect.ERASED) if found.state == "done" else self._pending(job)
        return [sdk.ItemOutcome(item.ref, outcome) for item in items]

    async def still_held(self, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        return [item for item in items if await self._card(item.ref) is not None]

    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor: str | None = "0"
        read: set[str] = set()
        while cursor is not None:
            if cursor in read:
                raise sdk.ContractBrokenError("the pages lead back to one that was read already")
            read.add(cursor)
            answer = await self._http.send("GET", "/cards", params={**asked, "cursor": cursor})
            page = answer.parse(Page)
            for card in page.items:
                yield card
            cursor = page.next

    async def _card(self, ref: str) -> Card | None:
        answer = await self._http.send("GET", "/cards/{id}", ids={"id": ref}, accept=(404,))
        return None if answer.status == 404 else answer.parse(Card)

    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        if await self._card(item.ref) is None:
            return Completed(Effect.ALREADY_GONE)
        try:
            return await self._removed(item, f"{key}/{item.ref}")
        except sdk.RefusedError:
            return sdk.Refused("refused", "Linden refused; look at the card there")
        except sdk.OutcomeUnknownError:
            return sdk.Unknown("the answer was lost")

    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        if item.category is Category.FINANCIAL:
            body: sdk.Json = {"ids": [item.ref]}
            answer = await self._http.send("POST", "/removals", json=body, key=key, repeatable=True)
            return self._pending(answer.parse(Job).id)
        await self._http.send("DELETE", "/cards/{id}", ids={"id": item.ref}, key=key, accept=(404,))
        return Completed(Effect.ERASED)

    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        card = await self._card(change.item.ref)
        if card is None:
            return sdk.NothingHeld()
        body = self._written(card, change)
        if self._is_so(card, body):
            return Completed(Effect.ALREADY_RIGHT)
        if not self._stands_there(card, change):
            return sdk.Refused("changed_meanwhile", "the card shows another value by now")
        ids, own_key = {"id": card.id}, f"{key}/{card.id}"
        try:
            await self._http.send(
                "PATCH", "/cards/{id}", ids=ids, json=body, key=own_key, repeatable=True
            )
        except sdk.OutcomeUnknownError:
            return sdk.Unknown("the answer was lost")
        after = await self._card(card.id)
        if after is None or not self._is_so(after, body):
            return sdk.Failed("not_as_written", "Linden shows another value")
        return Completed(Effect.RECTIFIED)

    def _written(self, card: Card, change: sdk.ItemChange) -> dict[str, sdk.Json]:
        body: dict[str, sdk.Json] = {}
        for each in change.changes:
            if each.name is sdk.Field.EMAIL:
                body["emails"] = [each.after if e == each.before else e for e in card.emails]
            else:
                body["city"] = each.after
        return body

    def _stands_there(self, card: Card, change: sdk.ItemChange) -> bool:
        shown = {sdk.Field.EMAIL: card.emails, sdk.Field.ADDRESS_CITY: [card.city]}
        return all({one.before, one.after} & {*shown[one.name]} for one in change.changes)

    def _is_so(self, card: Card, body: dict[str, sdk.Json]) -> bool:
        return all(getattr(card, name) == value for name, value in body.items())

    def _pending(self, job: str) -> sdk.Pending:
        return sdk.Pending(job, self._http.now() + timedelta(hours=1))

    def _record(self, card: Card) -> sdk.Record:
        category = Category.FINANCIAL if card.kind == "invoice" else Category.CRM_DATA
        fields = {sdk.Field.EMAIL: tuple(card.emails), sdk.Field.ADDRESS_CITY: (card.city,)}
        photo = sdk.Attachment(f"{card.id}.txt", "text/plain", partial(self._photo, card.id))
        return sdk.Record(
            item=sdk.ItemRef(
                card.id, category, PRODUCTS[category], card.since, erasure=ERASES[category]
            ),
            identifiers=self._identifiers(card),
            data=card.model_dump(mode="json", by_alias=True),
            fields=fields if category is Category.CRM_DATA else {},
            attachments=(photo,) if card.photo else (),
        )

    def _identifiers(self, card: Card) -> tuple[sdk.Identifier, ...]:
        email, phone = sdk.IdentifierKind.EMAIL, sdk.IdentifierKind.PHONE
        emails = [sdk.Identifier.of(email, each) for each in card.emails]
        phones = [sdk.Identifier.of(phone, p.number, p.begin, p.until) for p in card.phones]
        return (*emails, *phones)

    @asynccontextmanager
    async def _photo(self, card: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._http.stream("GET", "/cards/{id}/photo", ids={"id": card}) as answer:
            yield answer.chunks


class LindenContract(ConnectorContract):
    """What its author would write as `TestLinden`; here it is made for each mutant."""

    connector = LindenConnector
    settings = {  # noqa: RUF012 -- as an author writes it
        "base_url": "http://127.0.0.1:8791",
        "client_id": "avgate",
        "client_secret": "sandbox-secret",
    }
    subject = {  # noqa: RUF012 -- as an author writes it
        "email": FLEUR,
        "phone": sdk.Identifier.of(sdk.IdentifierKind.PHONE, NUMBER, date(2023, 1, 1)),
    }
    stranger = {"email": "nobody@example.org"}  # noqa: RUF012 -- as an author writes it
    changes = {"email": "f.bakker@example.net", "address.city": "Hilversum"}  # noqa: RUF012 -- as an author writes it
    upstream = serve
    dated = True  # a phone has the days on which it was somebody's
    patience = 0.0
    cassettes = Path(__file__).parent / "cassettes"
