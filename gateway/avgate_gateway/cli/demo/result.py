"""What the demo came to, for programs, and whether all ended as it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avgate_client.answers import ReportLine
from avgate_contracts.record import Json
from avgate_gateway.cli.demo.play import Ended

_FINE = frozenset(
    {
        "erased", "anonymised", "already_gone", "scheduled", "rectified", "already_right",
        "provided", "retained", "refused", "done_by_hand", "nothing_held", "not_relevant",
    }
)  # fmt: skip
_EXPECTED: Mapping[str, tuple[tuple[str, frozenset[str]], ...]] = {
    "access": (
        ("operator", frozenset({"provided"})),
        ("xelion", frozenset({"provided"})),
        ("directory", frozenset({"provided"})),
        ("subprocessors", frozenset({"provided"})),
    ),
    "rectify": (("operator", frozenset({"rectified"})), ("xelion", frozenset({"rectified"}))),
    "erase": (
        ("operator", frozenset({"erased"})),
        ("operator", frozenset({"retained"})),
        ("xelion", frozenset({"anonymised"})),
        ("xelion", frozenset({"done_by_hand"})),
        ("directory", frozenset({"erased", "scheduled"})),
        ("subprocessors", frozenset({"erased", "already_gone"})),
    ),
    "export": (("operator", frozenset({"provided"})), ("xelion", frozenset({"provided"}))),
}
"""What each upstream must have done, at the least, for the demo to have shown anything."""


def operation_json(ended: Ended) -> dict[str, Json]:
    """One operation, with what became of the items at each connector."""
    parts: dict[str, Json] = {
        part.connector: {
            "outcome": part.outcome,
            "items": _counts(
                line for line in ended.report.items if line.connector == part.connector
            ),
            "kinds": _kinds([i for i in ended.report.items if i.connector == part.connector]),
        }
        for part in ended.request.connectors
    }
    return {
        "request_id": ended.request.id,
        "state": ended.request.state,
        "waiting_for": ended.request.waiting_for,
        "connectors": parts,
    }


def shortcomings(operations: Mapping[str, Ended]) -> Iterator[str]:
    """Every way in which an operation did not end as it should, in a line."""
    for name, expected in _EXPECTED.items():
        ended = operations.get(name)
        if ended is None:
            yield f"{name} did not end"
            continue
        yield from _faults(name, ended)
        for connector, words in expected:
            fared = {i.outcome for i in ended.report.items if i.connector == connector and i.count}
            if not fared & words:
                yield f"{name}: nothing is {' or '.join(sorted(words))} at {connector}"


def _faults(name: str, ended: Ended) -> Iterator[str]:
    if not ended.request.is_closed or ended.request.closing is not None:
        yield f"{name} is not closed as carried out"
    for line in ended.report.items:
        if line.outcome not in _FINE and line.count:
            yield f"{name}: {line.count} {line.outcome} at {line.connector}"


def _counts(lines: Iterator[ReportLine]) -> dict[str, Json]:
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.outcome] = counts.get(line.outcome, 0) + line.count
    return dict(counts)


def _kinds(lines: list[ReportLine]) -> dict[str, Json]:
    categories = dict.fromkeys(line.category for line in lines if line.category)
    return {
        category: _counts(line for line in lines if line.category == category)
        for category in categories
    }
