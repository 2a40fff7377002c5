"""Requests, plans and reports in the words and tables that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from avgate_client.answers import (
    ConnectorPart,
    Plan,
    PlanLine,
    Report,
    ReportLine,
    Request,
)

_STAGES = {
    "locate": "looking",
    "located": "found, waits for the plan to be approved",
    "execute": "at work",
    "confirm": "accepted, waits for confirmation",
    "verify": "looking again",
    "stuck": "left to a person",
}
_BUCKETS = {
    "goes": "goes",
    "anonymised": "loses its identity",
    "stays": "stays",
    "by_hand": "goes by hand",
}
_UNDECIDABLE = frozenset({"term_unknown", "no_rule"})


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: a title, the head, and rows as long as the head."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def progress(request: Request) -> Grid:
    """How each upstream stands with a request."""
    rows = tuple((part.connector, standing(part)) for part in request.connectors)
    return Grid(f"{request.operation}: {state(request)}", ("upstream", "now"), rows)


def state(request: Request) -> str:
    waits = f" for {request.waiting_for}" if request.waiting_for else ""
    closing = f" ({request.closing})" if request.closing else ""
    return f"{request.state}{waits}{closing}"


def standing(part: ConnectorPart) -> str:
    """How one upstream stands: what became of it, or what it is at."""
    now = part.outcome if part.stage == "done" and part.outcome else _STAGES.get(part.stage, "")
    if part.stage == "located" and not part.items:
        now = "nothing found"
    again = f"again at {part.next_attempt_at:%H:%M:%S} UTC" if part.next_attempt_at else ""
    parts = (now, counted(part.items), again if part.attempts else "", part.reason or "")
    return "; ".join(filter(None, parts))


def counted(items: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in items.items() if count)


def plan_grid(plan: Plan) -> Grid:
    """What a plan would do; of a rectification without the values, which are personal data."""
    if plan.items:
        fields = (
            (item.connector, item.category, field.field, _fit(field.fit, item.by_hand))
            for item in plan.items
            for field in item.fields
        )
        named = ("upstream", "what", "field", "fit")
        return Grid("the plan", named, tuple(_with_counts(fields)))
    head = ("then", "upstream", "what", "items", "ground", "until")
    return Grid("the plan", head, tuple(_plan_rows(plan)))


def _fit(fit: str, by_hand: str | None) -> str:
    """An item that one field leaves to a person is left to them with all its fields."""
    return f"{fit.replace('_', ' ')}, by hand" if by_hand else fit.replace("_", " ")


def _plan_rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Products that fare alike share a line."""
    alike: dict[tuple[str, ...], list[PlanLine]] = {}
    for bucket, words in _BUCKETS.items():
        lines: Sequence[PlanLine] = getattr(plan, bucket)
        for line in lines:
            ground = line.ground if bucket == "stays" or line.ground in _UNDECIDABLE else ""
            alike.setdefault((words, line.connector, line.category, ground), []).append(line)
    for (words, connector, category, ground), merged in alike.items():
        first = [line.earliest_until for line in merged if line.earliest_until]
        last = [line.latest_until for line in merged if line.latest_until]
        until = _until(min(first, default=None), max(last, default=None))
        yield words, connector, category, str(sum(m.count for m in merged)), ground, until


def _until(earliest: date | None, latest: date | None) -> str:
    if earliest is None or latest is None:
        return ""
    return str(latest) if earliest == latest else f"{earliest} to {latest}"


def _with_counts(rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    counts: dict[tuple[str, ...], int] = {}
    for row in rows:
        counts[row] = counts.get(row, 0) + 1
    for (*start, last), count in counts.items():
        yield (*start, f"{last} ({count} times)" if count > 1 else last)


def report_grid(report: Report) -> Grid:
    """What became of each kind of item; terms that end on different days share a line."""
    alike: dict[tuple[str, ...], list[ReportLine]] = {}
    for line in report.items:
        why = line.detail or line.ground or ""
        key = (line.connector, line.category or "", line.outcome.replace("_", " "), why)
        alike.setdefault(key, []).append(line)
    head = ("upstream", "what", "became", "items", "until", "why")
    return Grid("what became of it", head, tuple(_report_rows(alike)))


def _report_rows(alike: Mapping[tuple[str, ...], list[ReportLine]]) -> Iterator[tuple[str, ...]]:
    for (connector, category, outcome, why), lines in alike.items():
        days = sorted(day for one in lines if (day := one.until or one.effective_from))
        until = _until(days[0], days[-1]) if days else ""
        count = sum(one.count for one in lines)
        yield connector, category, outcome, str(count), until, why
