"""Records as CSV that a spreadsheet opens well and cannot be made to run.

What a Dutch Excel needs to open a file with a double click: a byte order mark, or it reads UTF-8
as Windows-1252; the semicolon between cells; and the decimal comma, or 12.5 becomes the twelfth of
May. An English one needs a comma and a point. So the person's language decides, and the manifest
says what was used. (A first line `sep=;` would make the mark unseen, and is data to other programs.)

Texts are led by an apostrophe where a spreadsheet would run them (`formula.py`), headings as well:
upstreams name fields such as "@type". What is a number in JSON is a number here, also a negative
one. The JSON beside it holds every value as it was.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from avgate_contracts.record import Json
from avgate_gateway.formula import harmless
from avgate_gateway.package.content import Language
from avgate_gateway.package.flattening import OTHER_FIELDS, columns_of, flatten
from avgate_gateway.package.json_text import BATCH_BYTES, json_bytes
from avgate_gateway.package.tally import Tally

_END = "\r\n"  # of a row (RFC 4180); no cell holds one, for `harmless` takes it out


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are parted and decimals written."""

    delimiter: str
    decimal: str


DIALECTS: Mapping[Language, Dialect] = {"nl": Dialect(";", ","), "en": Dialect(",", ".")}


def cell(value: Json, decimal: str) -> str:
    """One value as a cell; a list of plain values is parted by "; ", any other is JSON."""
    match value:
        case str():
            return harmless(value)
        case None:
            return ""
        case int():
            return str(value).lower()  # a bool is an int: true, false
        case float():
            return repr(value).replace(".", decimal)
        case _:
            return harmless(_several(value))


class Rows:
    """The rows of a table while its records come; its columns are found on the way.

    `columns` only ever grows at its end, until there are too many: then `is_whole` is false, and what
    was taken before is worth nothing.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, delimiter=dialect.delimiter, lineterminator=_END)
        self._known: dict[str, None] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._known)

    @property
    def is_whole(self) -> bool:
        return OTHER_FIELDS not in self._known

    def add(self, record: Mapping[str, Json]) -> None:
        flat = flatten(record)
        if not flat.keys() <= self._known.keys():
            self._widen(columns_of([record], self.columns))
        if self.is_whole:
            decimal = self._dialect.decimal
            self._writer.writerow([cell(flat.get(name), decimal) for name in self._known])

    def taken(self) -> tuple[int, bytes]:
        """What was added since the last time: how many columns there are now, and the rows."""
        return len(self._known), _taken(self._text)

    def _widen(self, columns: tuple[str, ...]) -> None:
        rows = _taken(self._text)
        self._text.write(_filled_up(rows, len(self._known), len(columns), self._dialect).decode())
        self._known = dict.fromkeys(columns)


async def csv_of_tables(
    tables: AsyncIterator[tuple[int, bytes]],
    columns: tuple[str, ...],
    dialect: Dialect,
    tally: Tally,
) -> AsyncGenerator[bytes, None]:
    """The same as `csv_rows`, of rows that `Rows` made: those of fewer columns are filled up."""
    text = io.StringIO(newline="")
    text.write("\ufeff")
    csv.writer(text, delimiter=dialect.delimiter, lineterminator=_END).writerow(
        harmless(column) for column in columns
    )
    yield _taken(text)
    async for width, rows in tables:
        tally.records += rows.count(_END.encode())
        yield _filled_up(rows, width, len(columns), dialect)


def _filled_up(rows: bytes, width: int, columns: int, dialect: Dialect) -> bytes:
    """Rows of so many cells with empty ones added; a row ends where its line does, for no cell does."""
    missing = dialect.delimiter.encode() * (columns - max(width, 1))
    return rows.replace(_END.encode(), missing + _END.encode()) if missing else rows


async def csv_rows(
    records: AsyncIterator[Mapping[str, Json]],
    columns: tuple[str, ...],
    dialect: Dialect,
    tally: Tally,
) -> AsyncGenerator[bytes, None]:
    """A heading and one line per record (RFC 4180, UTF-8), in batches of about 4 KiB.

    Values for which there is no column go into "(other fields)"; if there is none, they are
    counted in the tally, so that the manifest can say so.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=_END)
    text.write("\ufeff")
    writer.writerow(harmless(column) for column in columns)
    known = frozenset(columns)
    async for record in records:
        writer.writerow(_row(record, columns, known, dialect.decimal, tally))
        tally.records += 1
        if text.tell() >= BATCH_BYTES:
            yield _taken(text)
    yield _taken(text)


def _row(
    record: Mapping[str, Json],
    columns: tuple[str, ...],
    known: frozenset[str],
    decimal: str,
    tally: Tally,
) -> Iterable[str]:
    flat = flatten(record)
    if not flat.keys() <= known:
        other = {name: value for name, value in flat.items() if name not in known}
        if OTHER_FIELDS in known:
            flat[OTHER_FIELDS] = other
        else:
            tally.fields_left_out += len(other)
    return [cell(flat.get(column), decimal) for column in columns]


def _several(value: list[Json] | dict[str, Json]) -> str:
    if isinstance(value, list) and not any(isinstance(child, (list, dict)) for child in value):
        return "; ".join(_plain(child) for child in value)
    return json_bytes(value).decode()


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json_bytes(value).decode()


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return taken
