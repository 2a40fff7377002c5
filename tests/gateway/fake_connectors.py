"""Connectors to the fake upstream: one that can only show, one that takes orders, one that can do all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from avgate_contracts.connector import (
    Manifest,
    SupportsAccess,
    SupportsConfirm,
    SupportsErase,
    SupportsExport,
    SupportsRectify,
)
from avgate_contracts.outcome import ItemOutcome
from avgate_contracts.record import ErasureWay, Finding, ItemChange, ItemRef
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind

from .fake_upstream import Upstream


def manifest(
    name: str,
    finds_by: IdentifierKind,
    *,
    relists: bool = False,
    leads: frozenset[Category] = frozenset(),
) -> Manifest:
    return Manifest(
        name=name,
        title=name,
        processor=name,
        finds_by=frozenset({finds_by}),
        holds=frozenset(Category),
        erases=dict.fromkeys(Category, ErasureWay.DELETE),
        relists=relists,
        leads=leads,
    )


class Paper(SupportsAccess):
    """Can show what it holds, and nothing more."""

    settings_type = dict

    def __init__(self, upstream: Upstream, says: Manifest) -> None:
        self.upstream = upstream
        self.manifest = says

    async def check(self) -> None: ...

    async def access(self, subject: DataSubject) -> AsyncIterator[Finding]:  # noqa: ARG002 -- it has one
        async for found in self.upstream.show():
            yield found


class Desk(Paper, SupportsErase, SupportsConfirm):
    """Takes orders, and may confirm them later."""

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
        return await self.upstream.erase(items, key)

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        return await self.upstream.still(items)

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> Sequence[ItemOutcome]:
        return await self.upstream.confirm(job, items)


class System(Desk, SupportsRectify, SupportsExport):
    """Can do everything."""

    async def export(self, subject: DataSubject) -> AsyncIterator[Finding]:  # noqa: ARG002 -- it has one
        async for found in self.upstream.show():
            yield found

    async def rectify(self, items: Sequence[ItemChange], *, key: str) -> Sequence[ItemOutcome]:
        return await self.upstream.rectify(items, key)
