"""Asks the mocks what no upstream would tell: who there is, and what really happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avgate_client.answers import Answer
from avgate_contracts.connector import Limits
from avgate_contracts.http import HttpClient, Runtime, open_client
from avgate_contracts.record import Json
from avgate_contracts.settings import ConnectorSettings

_LIMITS = Limits(timeout=30.0)


class Found(Answer):
    """One identifier of an invented person, in the API's own shape."""

    kind: str
    value: str
    valid_from: str | None = None
    valid_until: str | None = None


class Invented(Answer):
    """An invented person, and what one mock holds of them now."""

    id: str
    controller: str
    identifiers: tuple[Found, ...]
    holds: dict[str, int]


class _People(Answer):
    people: tuple[Invented, ...]


class _Effect(Answer):
    kind: str


class _Ledger(Answer):
    effects: tuple[_Effect, ...]


class Mocks:
    """All mocks of one run, by name."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._clients: Mapping[str, HttpClient] = {
            name: open_client(ConnectorSettings(base_url=url), _LIMITS, Runtime())
            for name, url in addresses.items()
        }

    async def people(self) -> Sequence[Invented]:
        """Everybody, in the order of the cast; without what is held."""
        return await self._people(next(iter(self._clients)))

    async def holdings(self, person_id: str) -> dict[str, dict[str, int]]:
        """What each mock holds of one person now."""
        held: dict[str, dict[str, int]] = {}
        for name in self._clients:
            found = await self._people(name)
            held[name] = next(p.holds for p in found if p.id == person_id)
        return held

    async def effects(self) -> dict[str, int]:
        """How many changes took effect at each mock, whatever anybody was told."""
        return {
            name: len((await client.send("GET", "/_ledger")).parse(_Ledger).effects)
            for name, client in self._clients.items()
        }

    async def remove_by_hand(self, tenant: str, oids: Sequence[str]) -> None:
        """What an administrator does in Xelion's management environment."""
        body: dict[str, Json] = {"tenant": tenant, "oids": list(oids)}
        await self._clients["xelion"].send("POST", "/_by_hand", json=body)

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def _people(self, name: str) -> Sequence[Invented]:
        return (await self._clients[name].send("GET", "/_people")).parse(_People).people
