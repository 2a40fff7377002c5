"""Figures for Prometheus: how much waits, where, and since when; never an id, never a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from avgate_gateway.backlog import Backlog, Standing
from avgate_gateway.bulkheads import Bulkheads
from avgate_gateway.faults import Faults
from avgate_gateway.guard import Traffic
from avgate_gateway.refusals import Refusals

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_Values = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: `grows` says what to do when it does, for whoever is called by an alarm."""

    name: str
    labels: tuple[str, ...]
    means: str
    grows: str


DUE = Figure(
    "avgate_due_requests",
    ("controller",),
    "Requests whose time to be worked on has come and that have work left; at most 10,001 are counted.",
    "more is due than is worked off: see which upstream is slow; add a process (PostgreSQL)",
)
OLDEST = Figure(
    "avgate_oldest_due_seconds",
    ("controller",),
    "How long the oldest due request has been due; 0 if none is. Every process tells the same.",
    "above 60, `GET /health/ready` says `behind`: something holds it up, see the next two and the log",
)
PLACES = Figure(
    "avgate_places_taken",
    ("upstream",),
    "Requests that are at an upstream, each of its controller's own, in this process; 8 is full, or "
    "32 where they stay long. "
    "Those at `none` need no upstream just now.",
    "at 32 for minutes, this upstream is slow or hangs: ask its operator; others are not held up by it",
)
WAITING = Figure(
    "avgate_requests_waiting_for_a_place",
    (),
    "Requests that wait in this process for an upstream with all its places taken.",
    "see `avgate_places_taken` for which; from 1,000 on they wait in the database, and nothing is lost",
)
STUCK = Figure(
    "avgate_stuck_tasks",
    ("controller", "connector"),
    "Connectors' parts in open requests that a person has to set going; of each controller the "
    "newest 10,001 are looked at.",
    "read the reason in a request that waits for `person`, put it right, then `POST …/retry`",
)
FAULTY = Figure(
    "avgate_faulty_requests",
    (),
    "Requests that a mistake of ours stops each time they are tried in this process.",
    "report it, with what the log says of `request.postponed`; `held_up` in the request tells of it",
)
BY_HAND = Figure(
    "avgate_open_hand_tasks",
    ("controller",),
    "Tasks that people have yet to do by hand; at most 10,001 are counted.",
    "`avgate request tasks` lists them with their deadlines: do them, and `avgate request complete`",
)
ANSWERS = Figure(
    "avgate_http_answers_total",
    ("method", "status"),
    "Answers to HTTP calls by class of status, since this process began; those to probes too.",
    "of `5xx`: see `GET /health/ready` and the log; of `4xx`: a client does something wrong, ask it",
)
REFUSALS = Figure(
    "avgate_refusals_total",
    ("reason",),
    "HTTP calls that were refused in this process, by the problem they were told; `not-found` counts "
    "what is another controller's and what is not there alike.",
    "somebody tries what is not theirs, or a client is set up wrongly: the log names it (`access.refused`)",
)
CALLS = Figure(
    "avgate_calls_waiting",
    (),
    "HTTP calls that wait for the beginning of their answer in this process, without probes.",
    "near `limits.at_once` calls are turned away with 503: the disk or the database is slow, or add a process",
)
ASIDE = Figure(
    "avgate_calls_set_aside",
    (),
    "HTTP calls that wait in this process for the end of their request, as `Prefer: wait` asks for.",
    "at `limits.at_once` no more are waited for: those who prefer it are answered 202 at once",
)
DATABASE = Figure(
    "avgate_database_answers",
    (),
    "1 if the database told what is due within 2 seconds; if 0, the figures of its rows are left out.",
    "at 0 the database is slow or away: `GET /health/ready` says why; work goes on when it is back",
)
SENT = Figure(
    "avgate_webhook_attempts_total",
    ("controller", "result"),
    "Attempts of this process to send a webhook or callback: `delivered`, or `failed`, of which most "
    "are tried again.",
    "of `failed`: `avgate webhooks deliveries` says of which endpoint, and how it answers",
)
UNSENT = Figure(
    "avgate_webhook_deliveries",
    ("controller", "state"),
    "Deliveries that are not there: `waiting` for an attempt, `failed` for good, or `held` because "
    "their endpoint is disabled; at most 10,001 of each are counted.",
    "of `waiting`: a receiver is slow or away; of `failed` and `held`: see the next two, then replay or enable",
)
OLDEST_UNSENT = Figure(
    "avgate_webhook_oldest_waiting_seconds",
    ("controller",),
    "How long the oldest delivery has waited that is not given up; 0 if none waits.",
    "after some hours ask whoever runs the receiver; it is given up after some four days",
)
DISABLED = Figure(
    "avgate_webhook_endpoints_disabled",
    ("controller",),
    "Endpoints to which nothing is sent any more: they answered 410, or failed for five days.",
    "`avgate webhooks list` says why; put it right, then `avgate webhooks enable`: what was held is sent",
)
FIGURES: Final = (
    DUE,
    OLDEST,
    PLACES,
    WAITING,
    STUCK,
    FAULTY,
    BY_HAND,
    ANSWERS,
    REFUSALS,
    CALLS,
    ASIDE,
    DATABASE,
    SENT,
    UNSENT,
    OLDEST_UNSENT,
    DISABLED,
)


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
    ) -> None:
        self._backlog = backlog
        self._bulkheads = bulkheads
        self._traffic = traffic
        self._connectors = connectors
        self._faults = faults
        self._refusals = refusals
        self._sent = sent
        self._process = ProcessCollector(registry=None)

    async def text(self) -> bytes:
        """Every figure as it stands, in Prometheus's text format 0.0.4."""
        standings = await self._backlog.read()
        told = _family(DATABASE, [((), standings is not None)])
        registry = CollectorRegistry()
        registry.register(_Once([told, *self._of_rows(standings or {}), *self._of_process()]))
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
        yield _family(SENT, self._sent.items())
        yield _family(CALLS, [((), len(self._traffic.waiting))])
        yield _family(ASIDE, [((), len(self._traffic.aside))])


def _family(figure: Figure, values: _Values) -> Metric:
    kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
    made = kind(figure.name, figure.means, labels=figure.labels)
    for labels, value in sorted(values):
        made.add_metric(labels, value)
    return made
