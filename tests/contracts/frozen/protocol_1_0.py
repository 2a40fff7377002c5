"""A connector of protocol 1.0, as somebody wrote it then. Frozen: never changed to fit a newer SDK.

It uses what 1.0 had: every operation, a write that is refused, a job that is confirmed later, and
rectifiable fields.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import BaseModel, SecretStr

from avgate_contracts import (
    Bearer,
    Category,
    Completed,
    Connector,
    ConnectorSettings,
    Credentials,
    DataSubject,
    Effect,
    ErasureWay,
    Field,
    HttpClient,
    Identifier,
    IdentifierKind,
    ItemChange,
    ItemOutcome,
    ItemRef,
    Limits,
    Manifest,
    NotFoundError,
    Outcome,
    Pending,
    Product,
    Record,
    Refused,
    RefusedError,
    SupportsAccess,
    SupportsConfirm,
    SupportsErase,
    SupportsExport,
    SupportsRectify,
)


class FrozenSettings(ConnectorSettings):
    token: SecretStr

    def credentials(self) -> Credentials:
        return Bearer(self.token)


class Card(BaseModel):
    id: str
    email: str
    city: str
    opened_at: datetime


class Page(BaseModel):
    items: list[Card]
    next: str | None = None


class FrozenConnector(
    Connector, SupportsAccess, SupportsRectify, SupportsErase, SupportsExport, SupportsConfirm
):
    manifest: ClassVar[Manifest] = Manifest(
        name="frozen",
        title="Frozen",
        processor="Frozen B.V.",
        protocol="1.0",
        finds_by=frozenset({IdentifierKind.EMAIL}),
        holds=frozenset({Category.CRM_DATA}),
        erases={Category.CRM_DATA: ErasureWay.DELETE},
        limits=Limits(concurrency=2, attempts=2),
    )
    settings_type: ClassVar[type[FrozenSettings]] = FrozenSettings

    def __init__(self, settings: FrozenSettings, http: HttpClient) -> None:  # noqa: ARG002 -- as it was written
        self._http = http

    async def check(self) -> None:
        await self._http.send("GET", "/me")

    async def access(self, subject: DataSubject) -> AsyncIterator[Record]:
        for email in subject.of_kind(IdentifierKind.EMAIL):
            params = {"email": email.value}
            while True:
                page = (await self._http.send("GET", "/cards", params=params)).parse(Page)
                for card in page.items:
                    yield _record(card)
                if page.next is None:
                    break
                params["after"] = page.next

    async def export(self, subject: DataSubject) -> AsyncIterator[Record]:
        async for record in self.access(subject):
            yield record

    async def rectify(self, items: Sequence[ItemChange], *, key: str) -> Sequence[ItemOutcome]:
        return [ItemOutcome(each.item.ref, await self._rectified(each, key)) for each in items]

    async def _rectified(self, change: ItemChange, key: str) -> Outcome:
        body = {part.name.removeprefix("address."): part.after for part in change.changes}
        await self._http.send(
            "PATCH",
            "/cards/{id}",
            ids={"id": change.item.ref},
            json={**body},
            key=f"{key}/{change.item.ref}",
        )
        return Completed(Effect.RECTIFIED)

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
        return [ItemOutcome(item.ref, await self._erased(item, key)) for item in items]

    async def _erased(self, item: ItemRef, key: str) -> Outcome:
        if await self._shown(item) is None:
            return Completed(Effect.ALREADY_GONE)
        try:
            answer = await self._http.send(
                "DELETE", "/cards/{id}", ids={"id": item.ref}, key=f"{key}/{item.ref}"
            )
        except NotFoundError:
            return Completed(Effect.ALREADY_GONE)
        except RefusedError:
            return Refused("refused", "it was refused; look at the card there")
        if answer.status == 202:
            return Pending(f"job-{item.ref}", datetime.now(UTC))
        return Completed(Effect.ERASED)

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> Sequence[ItemOutcome]:
        held = {item.ref for item in await self.still_held(items)}
        return [
            ItemOutcome(
                item.ref,
                Pending(job, datetime.now(UTC)) if item.ref in held else Completed(Effect.ERASED),
            )
            for item in items
        ]

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        return [item for item in items if await self._shown(item) is not None]

    async def _shown(self, item: ItemRef) -> Card | None:
        answer = await self._http.send("GET", "/cards/{id}", ids={"id": item.ref}, accept=(404,))
        return None if answer.status == 404 else answer.parse(Card)


def _record(card: Card) -> Record:
    return Record(
        item=ItemRef(
            card.id,
            Category.CRM_DATA,
            Product.CONTACT_CONNECT,
            term_starts=card.opened_at,
            service_runs=False,
        ),
        identifiers=(Identifier.of(IdentifierKind.EMAIL, card.email),),
        data=card.model_dump(mode="json"),
        fields={Field.ADDRESS_CITY: (card.city,)},
    )
