"""Stands where a configured connector was refused, so that its part of a request is not left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar, NoReturn

from avgate_contracts.connector import (
    Connector,
    Manifest,
    SupportsAccess,
    SupportsConfirm,
    SupportsErase,
    SupportsExport,
    SupportsRectify,
)
from avgate_contracts.errors import MisconfiguredError
from avgate_contracts.outcome import ItemOutcome
from avgate_contracts.record import Finding, ItemChange, ItemRef
from avgate_contracts.settings import ConnectorSettings
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind
from avgate_gateway.registry.installed import Installed


class StandIn(
    Connector, SupportsAccess, SupportsRectify, SupportsErase, SupportsExport, SupportsConfirm
):
    """Fails at everything, with the reason why the connector was refused.

    It says it could do anything, for what the refused one holds and can do is not known: a request
    must neither skip it nor settle its part. Set right and started again, the part is tried again.
    """

    manifest: ClassVar[Manifest]  # of each its own: it bears the name of the refused one
    settings_type: ClassVar[type[ConnectorSettings]] = ConnectorSettings

    def __init__(self, refused: Installed, reason: str) -> None:
        self.manifest = Manifest(  # type: ignore[misc]  # what is refused is known per instance
            name=refused.name,
            title=refused.name,
            processor=refused.distribution,
            finds_by=frozenset(IdentifierKind),
            holds=frozenset(Category),
        )
        self._reason = f"the connector is refused: {reason}"

    async def check(self) -> None:
        self._fail()

    async def access(self, subject: DataSubject) -> AsyncIterator[Finding]:  # noqa: ARG002 -- nobody is looked for
        self._fail()
        yield  # what makes it an iterator

    async def export(self, subject: DataSubject) -> AsyncIterator[Finding]:
        async for found in self.access(subject):
            yield found

    async def rectify(self, items: Sequence[ItemChange], *, key: str) -> Sequence[ItemOutcome]:  # noqa: ARG002 -- nothing is written
        self._fail()

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:  # noqa: ARG002 -- nothing is written
        self._fail()

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:  # noqa: ARG002 -- nothing is read
        self._fail()

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> Sequence[ItemOutcome]:  # noqa: ARG002 -- nothing is read
        self._fail()

    def _fail(self) -> NoReturn:
        raise MisconfiguredError(self._reason)
