"""What findings come to, in a form that can be compared: two opened files never are equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from avgate_contracts.record import Finding, Record


def shown(findings: Iterable[Finding]) -> list[tuple[object, ...]]:
    """Each finding with all that it says, in the order of refs."""
    return sorted((_whole(finding) for finding in findings), key=_place)


def essence(findings: Iterable[Finding]) -> list[tuple[object, ...]]:
    """The same without content: which items, whose, and what the plan rests on."""
    return sorted((_plan_of(finding) for finding in findings), key=_place)


def refs(findings: Iterable[Finding]) -> list[str]:
    """The refs of the records."""
    return [finding.item.ref for finding in findings if isinstance(finding, Record)]


def values(data: Any) -> Iterator[str]:
    """Every leaf in something made of JSON, as text."""
    if isinstance(data, dict):
        for each in data.values():
            yield from values(each)
    elif isinstance(data, list | tuple):
        for each in data:
            yield from values(each)
    elif data is not None and not isinstance(data, bool):
        yield str(data)


def places(data: Any, place: str = "") -> Iterator[str]:
    """Every member in something made of JSON that has a value."""
    if isinstance(data, dict):
        for name, each in data.items():
            yield from places(each, f"{place}.{name}")
    elif isinstance(data, list | tuple):
        for each in data:
            yield from places(each, f"{place}.*")
    elif data is not None:
        yield place


def content(record: Record) -> set[str]:
    """Every value that a record shows."""
    return {*values(dict(record.data)), *values([list(each) for each in record.fields.values()])}


def _whole(finding: Finding) -> tuple[object, ...]:
    if not isinstance(finding, Record):
        return _plan_of(finding)
    files = [(each.name, each.media_type) for each in finding.attachments]
    version = finding.item.version
    return (*_plan_of(finding), version, finding.data, finding.fields, files)


def _plan_of(finding: Finding) -> tuple[object, ...]:
    if not isinstance(finding, Record):
        return finding.part, finding
    item = replace(finding.item, version=None)  # by which a connector tells whether it is the same
    return item.ref, item, frozenset(finding.identifiers), finding.occurred_at


def _place(told: tuple[object, ...]) -> str:
    return str(told[0])
