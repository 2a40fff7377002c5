"""A connector with everything that the suite asks about: pages, files, tokens, late confirmation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from pydantic import BaseModel, SecretStr

import avgate_contracts as sdk
from avgate_contracts import Category, Completed, Effect, ErasureWay, Field

ERASES = {Category.CRM_DATA: ErasureWay.DELETE, Category.FINANCIAL: ErasureWay.FORWARD}


class AcmeSettings(sdk.ConnectorSettings):
    client_id: str
    client_secret: SecretStr

    def credentials(self) -> sdk.Credentials:
        return sdk.ClientCredentials(f"{self.base_url}/token", self.client_id, self.client_secret)


class Card(BaseModel):
    id: str
    kind: str
    email: str
    name: str
    city: str
    since: datetime
    photo: bool


class Page(BaseModel):
    items: list[Card]
    next: int | None


class Job(BaseModel):
    id: str
    state: str


class AcmeConnector(
    sdk.Connector,
    sdk.SupportsAccess,
    sdk.SupportsExport,
    sdk.SupportsRectify,
    sdk.SupportsErase,
    sdk.SupportsConfirm,
):
    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="acme",
        title="Acme",
        processor="Acme B.V.",
        finds_by=frozenset({sdk.IdentifierKind.EMAIL}),
        holds=frozenset(ERASES),
        erases=ERASES,
    )
    settings_type: ClassVar[type[AcmeSettings]] = AcmeSettings

    def __init__(self, settings: AcmeSettings, http: sdk.HttpClient) -> None:  # noqa: ARG002 -- the client was opened with them
        self._http = http

    async def check(self) -> None:
        (await self._http.send("GET", "/me")).json()

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        for email in subject.of_kind(sdk.IdentifierKind.EMAIL):
            page: int | None = 1
            seen: set[int] = set()
            while page is not None:
                if page in seen:
                    raise sdk.ContractBrokenError("a page leads back to one that was read already")
                seen.add(page)
                asked: dict[str, str | int] = {"email": email.value, "page": page}
                answer = await self._http.send("GET", "/cards", params=asked)
                found = answer.parse(Page)
                for card in found.items:
                    yield self._record(card)
                page = found.next

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

    async def _card(self, ref: str) -> Card | None:
        answer = await self._http.send("GET", "/cards/{id}", ids={"id": ref}, accept=(404,))
        return None if answer.status == 404 else answer.parse(Card)

    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        if await self._card(item.ref) is None:
            return Completed(Effect.ALREADY_GONE)
        ids, own_key = {"id": item.ref}, f"{key}/{item.ref}"
        try:
            if item.category is Category.FINANCIAL:
                path = "/cards/{id}/removal"
                answer = await self._http.send("POST", path, ids=ids, key=own_key, repeatable=True)
                return self._pending(answer.parse(Job).id)
            await self._http.send("DELETE", "/cards/{id}", ids=ids, key=own_key, accept=(404,))
        except sdk.RefusedError:
            return sdk.Refused("refused", "Acme refused; look at the card there")
        except sdk.OutcomeUnknownError:
            return sdk.Unknown("the answer was lost")
        return Completed(Effect.ERASED)

    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        (wanted,) = change.changes
        card = await self._card(change.item.ref)
        if card is None:
            return sdk.NothingHeld()
        if card.city == wanted.after:
            return Completed(Effect.ALREADY_RIGHT)
        if card.city != wanted.before:
            return sdk.Refused("changed_meanwhile", "the card shows another value by now")
        ids, own_key = {"id": card.id}, f"{key}/{card.id}"
        body: sdk.Json = {"city": wanted.after}
        try:
            await self._http.send(
                "PATCH", "/cards/{id}", ids=ids, json=body, key=own_key, repeatable=True
            )
        except sdk.OutcomeUnknownError:
            return sdk.Unknown("the answer was lost")
        after = await self._card(card.id)
        if after is None or after.city != wanted.after:
            return sdk.Failed("not_as_written", "Acme shows another value")
        return Completed(Effect.RECTIFIED)

    def _pending(self, job: str) -> sdk.Pending:
        return sdk.Pending(job, self._http.now() + timedelta(hours=1))

    def _record(self, card: Card) -> sdk.Record:
        is_bill = card.kind == "invoice"
        category = Category.FINANCIAL if is_bill else Category.CRM_DATA
        product = sdk.Product.GENERAL if is_bill else sdk.Product.CONTACT_CONNECT
        item = sdk.ItemRef(card.id, category, product, card.since, erasure=ERASES[category])
        photo = sdk.Attachment(f"{card.id}.txt", "text/plain", partial(self._photo, card.id))
        return sdk.Record(
            item=item,
            identifiers=(
                sdk.Identifier.of(sdk.IdentifierKind.EMAIL, card.email, card.since.date()),
            ),
            data=card.model_dump(mode="json"),
            fields={Field.ADDRESS_CITY: (card.city,)} if category is Category.CRM_DATA else {},
            attachments=(photo,) if card.photo else (),
        )

    @asynccontextmanager
    async def _photo(self, card: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._http.stream("GET", "/cards/{id}/photo", ids={"id": card}) as answer:
            yield answer.chunks
