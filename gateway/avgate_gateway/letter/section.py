"""The parts that a letter is made of, and what the page reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from avgate_contracts.record import Json


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of as many cells; the column at `numbers` is set to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]  # in shares of the whole
    numbers: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the letter: a title, then what stands under it in this order."""

    title: str = ""
    paragraphs: Sequence[str] = ()
    points: Sequence[str] = ()
    table: Table | None = None
    after: Sequence[str] = ()
    link: str | None = None


def section_json(one: Section) -> dict[str, Json]:
    table: Json = None
    if one.table is not None:
        table = {
            "columns": [*one.table.columns],
            "rows": [[*row] for row in one.table.rows],
            "widths": [*one.table.widths],
            "numbers": one.table.numbers,
        }
    return {
        "title": one.title,
        "paragraphs": [*one.paragraphs],
        "points": [*one.points],
        "table": table,
        "after": [*one.after],
        "link": one.link,
    }
