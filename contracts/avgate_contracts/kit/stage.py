"""Who plays a story, what it is played on, and how a connector is put there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from avgate_contracts.connector import Limits, SupportsExport
from avgate_contracts.credentials import Credentials
from avgate_contracts.http import Runtime, open_client
from avgate_contracts.kit.clock import Clock, Steady
from avgate_contracts.kit.fault_transport import FaultTransport, watched
from avgate_contracts.settings import ConnectorSettings
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Field


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: one connector with its settings, and whom it is asked about."""

    connector: type[Any]
    settings: ConnectorSettings = field(repr=False)
    limits: Limits
    subject: DataSubject
    stranger: DataSubject
    changes: Mapping[Field, str] = field(repr=False)

    def supports(self, capability: type) -> bool:
        """Whether the connector claims a capability."""
        return capability in self.connector.__mro__

    @property
    def reads_files_in(self) -> str:
        """The story in which attachments are opened and read."""
        return "export" if self.supports(SupportsExport) else "access"


class Stage(Protocol):
    """What the stories are played on: an upstream, recorded or real, and time."""

    @property
    def clock(self) -> Clock:
        """The time that the connector is told."""
        ...

    @property
    def transport(self) -> FaultTransport:
        """What every client of the story sends through."""
        ...


@asynccontextmanager
async def opened(cast_: Cast, stage: Stage) -> AsyncIterator[Any]:
    """A fresh connector with a client of its own on this stage."""
    runtime = Runtime(
        transport=lambda: stage.transport,
        now=stage.clock.now,
        sleep=stage.clock.sleep,
        monotonic=stage.clock.monotonic,
        random=Steady(stage.transport.step),  # an id that is made up is another in each step
    )
    async with open_client(_watched(cast_.settings), cast_.limits, runtime) as http:
        yield cast_.connector(cast_.settings, http)


@dataclass(frozen=True, slots=True)
class _Watched:
    """What a client is opened with."""

    base_url: str
    private_networks: tuple[str, ...]
    known: frozenset[str]
    proof: Credentials
    passes_trace: bool

    def hosts(self) -> frozenset[str]:
        return self.known

    def credentials(self) -> Credentials:
        return self.proof


def _watched(settings: ConnectorSettings) -> ConnectorSettings:
    proof = watched(settings.credentials())
    made = _Watched(
        settings.base_url, settings.private_networks, settings.hosts(), proof, settings.passes_trace
    )  # fmt: skip
    return cast("ConnectorSettings", made)
