"""What the routes are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from avgate_gateway.api.answering import not_found
from avgate_gateway.api.even import Evenly
from avgate_gateway.api.health import Checks
from avgate_gateway.authentication import Caller
from avgate_gateway.bulkheads import Bulkheads
from avgate_gateway.changes import Changes
from avgate_gateway.checkpointing import Checkpointer
from avgate_gateway.claims import Alone, Claims
from avgate_gateway.faults import Faults
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.guard import Traffic
from avgate_gateway.idempotent import UnderWay
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.rates import Rates
from avgate_gateway.refusals import Refusals
from avgate_gateway.registry import Installed
from avgate_gateway.request import SubjectRequest
from avgate_gateway.rounds import Rounds
from avgate_gateway.second_person import Party, person
from avgate_gateway.settings.destination import Destination
from avgate_gateway.store import requests


@dataclass(frozen=True, slots=True)
class Gateway:
    """The flow's context, the engine's bell, and what the process knows of itself."""

    context: Context
    wake: Callable[[Iterable[str]], None]
    changes: Changes
    installed: Mapping[str, Installed]
    checks: Checks
    bulkheads: Bulkheads = field(default_factory=Bulkheads)
    faults: Faults = field(default_factory=lambda: Faults(lambda: datetime.now(UTC)))
    traffic: Traffic = field(default_factory=Traffic)
    rates: Rates = field(default_factory=Rates)
    refusals: Refusals = field(default_factory=Refusals)
    under_way: UnderWay = field(default_factory=UnderWay)
    streams: Counter[str] = field(default_factory=Counter)  # of events, by controller
    sent: Mapping[tuple[str, str], int] = field(default_factory=Counter)  # by controller and result
    destinations: Mapping[tuple[str, str], Destination] = field(default_factory=dict)
    opendsr: Processor | None = None  # None while nobody may send by OpenDSR
    rounds: Rounds = field(default_factory=Rounds)
    checkpointer: Checkpointer | None = None
    claims: Claims = field(default_factory=Alone)

    def evidence_trouble(self) -> str | None:
        """Why nothing is signed just now, if nothing is."""
        return self.checkpointer.trouble if self.checkpointer else None

    def desk(self, caller: Caller) -> Desk:
        return self.context.desks[caller.controller]

    def party(self, caller: Caller) -> Party:
        """Who the caller is where a plan needs two people."""
        vault, controller = self.context.vault, caller.controller
        return Party(caller.client_id, person(vault, controller, caller.subject))

    async def request(self, caller: Caller, request_id: str) -> SubjectRequest:
        """The caller's request; raises ProblemError, 404, for another controller's as for none."""
        async with Evenly():
            async with self.context.database.read() as db:
                found = await requests.find(db, request_id, caller.controller)
            if found is None:
                raise not_found()
        return found
