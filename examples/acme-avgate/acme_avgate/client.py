"""The calls that Acme answers: HTTP, and nothing of the GDPR."""

from collections.abc import AsyncIterator

import avgate_contracts as sdk

from acme_avgate.models import Account, Card, Page


class Client:
    """Speaks to Acme through the http client that the gateway gives."""

    def __init__(self, http: sdk.HttpClient) -> None:
        self._http = http

    async def check(self) -> None:
        """One harmless call, whose answer has to look as it always did."""
        (await self._http.send("GET", "/me")).parse(Account)

    async def cards(self, email: str) -> AsyncIterator[Card]:
        """Every card with this address, page by page."""
        params, read = {"email": email}, set[str]()
        while True:
            page = (await self._http.send("GET", "/cards", params=params)).parse(Page)
            for card in page.items:
                yield card
            if page.next is None:
                return
            if page.next in read:
                raise sdk.ContractBrokenError("the pages lead back to one already read")
            read.add(page.next)
            params = {"email": email, "after": page.next}

    async def card(self, card_id: str) -> Card | None:
        answer = await self._http.send(
            "GET", "/cards/{id}", ids={"id": card_id}, accept=(404,)
        )
        return None if answer.status == 404 else answer.parse(Card)

    async def change(self, card_id: str, values: dict[str, sdk.Json], key: str) -> None:
        """Repeatable: a repeated key is answered as it was the first time."""
        ids = {"id": card_id}
        await self._http.send(
            "PATCH", "/cards/{id}", ids=ids, json=values, key=key, repeatable=True
        )

    async def delete(self, card_id: str, key: str) -> None:
        await self._http.send("DELETE", "/cards/{id}", ids={"id": card_id}, key=key)
