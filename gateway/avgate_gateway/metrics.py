"""Figures for Prometheus: how much waits, where, and since when; never an id, never a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from avgate_gateway.backlog import Backlog, Standing
from avgate_gateway.bulkheads import Bulkheads
from avgate_gateway.faults import Faults
from avgate_gateway.figures import (
    ANSWERS,
    ASIDE,
    BY_HAND,
    CALLS,
    DATABASE,
    DISABLED,
    DUE,
    DUE_SOON,
    FAULTY,
    LATE,
    NEXT_WAKE,
    OLDEST,
    OLDEST_OPEN,
    OLDEST_UNSENT,
    OPEN,
    PLACES,
    REFUSALS,
    RELEASE,
    ROUNDS,
    SENT,
    SIGNED_AT,
    STUCK,
    UNHEARD,
    UNSENT,
    UNSIGNED,
    WAITING,
    Figure,
)
from avgate_gateway.guard import Traffic
from avgate_gateway.overview import Overview, Seen
from avgate_gateway.refusals import Refusals
from avgate_gateway.request import WaitingFor
from avgate_gateway.rounds import Rounds

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_WAITS: Final = {"none": None, **{one.value: one.value for one in WaitingFor}}
_Values = Iterable[tuple[tuple[str, ...], float]]


@dataclass(slots=True, eq=False)  # a registry keeps collectors as keys
class _Once(Collector):
    """Figures that were read already: a registry asks without waiting, and a database makes wait."""

    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


class Metrics:
    """All that is told; `connectors` are the configured ones of each controller."""

    def __init__(
        self,
        backlog: Backlog,
        bulkheads: Bulkheads,
        traffic: Traffic,
        connectors: Mapping[str, Iterable[str]],
        faults: Faults,
        refusals: Refusals,
        sent: Mapping[tuple[str, str], int],
        overview: Overview,
        rounds: Rounds,
    ) -> None:
        self._backlog = backlog
        self._bulkheads = bulkheads
        self._traffic = traffic
        self._connectors = connectors
        self._faults = faults
        self._refusals = refusals
        self._sent = sent
        self._overview = overview
        self._rounds = rounds
        self._release = version("avgate")
        self._process = ProcessCollector(registry=None)

    async def text(self) -> bytes:
        """Every figure as it stands, in Prometheus's text format 0.0.4."""
        standings = await self._backlog.read()
        told = _family(DATABASE, [((), standings is not None)])
        registry = CollectorRegistry()
        seen = await self._overview.read()
        rows = [*self._of_rows(standings or {}), *(_of_overview(seen) if seen else ())]
        registry.register(_Once([told, *rows, *self._of_process()]))
        registry.register(self._process)
        return generate_latest(registry)

    def _of_rows(self, standings: Mapping[str, Standing]) -> Iterator[Metric]:
        each = standings.items()
        yield _family(DUE, (((name,), one.due) for name, one in each))
        yield _family(OLDEST, (((name,), one.oldest_due.total_seconds()) for name, one in each))
        yield _family(BY_HAND, (((name,), one.hand_tasks) for name, one in each))
        stuck = (
            ((name, connector), one.stuck.get(connector, 0))
            for name, one in each
            for connector in {*self._connectors[name], *one.stuck}
        )
        yield _family(STUCK, stuck)
        told = [(name, one.outgoing) for name, one in each if one.outgoing is not None]
        unsent = (
            ((name, state), count) for name, one in told for state, count in one.deliveries.items()
        )
        yield _family(UNSENT, unsent)
        waited = (((name,), one.oldest_waiting.total_seconds()) for name, one in told)
        yield _family(OLDEST_UNSENT, waited)
        yield _family(DISABLED, (((name,), one.disabled) for name, one in told))

    def _of_process(self) -> Iterator[Metric]:
        taken = self._bulkheads.taken.items()
        yield _family(PLACES, (((upstream,), count) for upstream, count in taken))
        yield _family(FAULTY, [((), self._faults.count())])
        yield _family(WAITING, [((), self._bulkheads.waiting)])
        yield _family(ANSWERS, self._traffic.answers.items())
        refused = self._refusals.counts.items()
        yield _family(REFUSALS, (((reason,), count) for reason, count in refused))
        unheard = self._traffic.unheard.counts.items()
        yield _family(UNHEARD, (((reason,), count) for reason, count in unheard))
        yield _family(SENT, self._sent.items())
        yield _family(CALLS, [((), len(self._traffic.waiting))])
        yield _family(ASIDE, [((), len(self._traffic.aside))])
        yield _family(ROUNDS, (((key,), goes) for key, goes in self._rounds.states().items()))
        yield _family(RELEASE, [((self._release,), 1)])


def _of_overview(seen: Seen) -> Iterator[Metric]:
    each = {
        (name, wait): next((one for one in groups if one.waiting_for == known), None)
        for name, groups in seen.groups.items()
        for wait, known in _WAITS.items()
    }
    yield _family(OPEN, ((labels, one.count if one else 0) for labels, one in each.items()))
    ages = {labels: seen.at - one.oldest for labels, one in each.items() if one}
    none = timedelta(0)
    yield _family(OLDEST_OPEN, ((at, ages.get(at, none).total_seconds()) for at in each))
    by_name = seen.groups.items()
    yield _family(LATE, (((name,), sum(one.late for one in found)) for name, found in by_name))
    yield _family(
        DUE_SOON, (((name,), sum(one.due_soon for one in found)) for name, found in by_name)
    )
    wakes = seen.next_wake.items()
    yield _family(NEXT_WAKE, (((name,), (at - seen.at).total_seconds()) for name, at in wakes))
    yield _family(UNSIGNED, [((), seen.unsigned)])
    if seen.signed_at is not None:
        yield _family(SIGNED_AT, [((), seen.signed_at.timestamp())])


def _family(figure: Figure, values: _Values) -> Metric:
    kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
    made = kind(figure.name, figure.means, labels=figure.labels)
    for labels, value in sorted(values):
        made.add_metric(labels, value)
    return made
