"""The register as other programs read it: JSON values, and CSV that a spreadsheet cannot run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from avgate_contracts.record import Json
from avgate_gateway.formula import harmless
from avgate_gateway.register.entry import RegisterEntry

COLUMNS = (
    "controller",
    "name",
    "role",
    "product_group",
    "products",
    "country",
    "purpose",
    "source",
    "provider",
    "first_seen",
    "last_seen",
    "purpose_nl",
    "source_nl",
)


def as_json(entries: Iterable[RegisterEntry]) -> list[Json]:
    """One object per entry; times are RFC 3339 in UTC, or null."""
    return [_object(entry) for entry in entries]


def as_csv(entries: Iterable[RegisterEntry]) -> str:
    """One line per entry under a heading, RFC 4180; several products are parted by "; ".

    A cell that a spreadsheet would take for a formula is led by an apostrophe, for names come from
    lists that others publish (CWE-1236).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(entry) for entry in entries)
    return text.getvalue()


def _object(entry: RegisterEntry) -> dict[str, Json]:
    return {
        "controller": entry.controller,
        "name": entry.name,
        "role": entry.role.value,
        "product_group": entry.product_group.value,
        "products": list(entry.products),
        "country": entry.country,
        "purpose": entry.purpose,
        "source": entry.source,
        "provider": entry.provider,
        "first_seen": _moment(entry.first_seen),
        "last_seen": _moment(entry.last_seen),
        "purpose_nl": entry.purpose_in("nl"),
        "source_nl": entry.source_in("nl"),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _row(entry: RegisterEntry) -> list[str]:
    values = _object(entry) | {"products": "; ".join(entry.products)}
    return [harmless(str(values[column] or "")) for column in COLUMNS]
