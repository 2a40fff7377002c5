"""What a controller's own statement says about who stands behind its services."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from avgate_contracts.vocabulary import Product
from avgate_gateway.register.entry import RegisterEntry, Role


def seeded(controller: str) -> tuple[RegisterEntry, ...]:
    """The entries that a controller starts with; none for one whose statement is not in the data.

    The rows come from `seed.toml`, which names the document behind each.
    """
    statements = _statements()
    statement = statements.get(controller)
    if statement is None:
        return ()
    lender = statements.get(statement.get("borrows", ""), {"rows": ()})
    borrowed = [{**row, "source": "borrowed"} for row in lender["rows"]]
    return tuple(_entries(controller, statement, (*statement["rows"], *borrowed)))


def _statements() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("seed.toml").read_text("utf-8"))


def _entries(
    controller: str, statement: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> Iterator[RegisterEntry]:
    for row in rows:
        for name in row.get("each") or (row["name"],):
            yield _entry(controller, name, row, statement)


def _entry(
    controller: str, name: str, row: Mapping[str, Any], statement: Mapping[str, Any]
) -> RegisterEntry:
    dated: datetime | None = statement.get(f"{row['source']}_from")
    return RegisterEntry(
        controller=controller,
        name=name,
        role=Role(row["role"]),
        product_group=Product(row["product_group"]),
        products=tuple(row.get("products", (name,))),
        source=statement[row["source"]],
        country="",
        purpose=row["purpose"],
        first_seen=dated,
        purpose_nl=row["purpose_nl"],
        source_nl=statement[f"{row['source']}_nl"],
    )
