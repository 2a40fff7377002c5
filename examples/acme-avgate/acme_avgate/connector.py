"""What a person's privacy rights come to in Acme."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

import avgate_contracts as sdk

from acme_avgate.client import Client
from acme_avgate.settings import Settings
from acme_avgate.writing import erased, rectified


class AcmeConnector(
    sdk.Connector,
    sdk.SupportsAccess,
    sdk.SupportsRectify,
    sdk.SupportsErase,
    sdk.SupportsExport,
):
    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="acme",
        title="Acme",
        processor="Acme B.V.",
        finds_by=frozenset({sdk.IdentifierKind.EMAIL}),
        holds=frozenset({sdk.Category.CRM_DATA}),
        erases={sdk.Category.CRM_DATA: sdk.ErasureWay.DELETE},
    )
    settings_type: ClassVar[type[sdk.ConnectorSettings]] = Settings

    def __init__(self, settings: Settings, http: sdk.HttpClient) -> None:
        self._client = Client(http)

    async def check(self) -> None:
        await self._client.check()

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        for email in subject.of_kind(sdk.IdentifierKind.EMAIL):
            async for card in self._client.cards(email.value):
                yield card.record()

    def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        return self.access(subject)

    async def rectify(
        self, items: Sequence[sdk.ItemChange], *, key: str
    ) -> Sequence[sdk.ItemOutcome]:
        told = [(i.item.ref, await rectified(self._client, i, key)) for i in items]
        return [sdk.ItemOutcome(*each) for each in told]

    async def erase(
        self, items: Sequence[sdk.ItemRef], *, key: str
    ) -> Sequence[sdk.ItemOutcome]:
        told = [(i.ref, await erased(self._client, i.ref, key)) for i in items]
        return [sdk.ItemOutcome(*each) for each in told]

    async def still_held(self, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        found = [await self._client.card(item.ref) for item in items]
        return [card.item() for card in found if card is not None]
