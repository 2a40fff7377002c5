"""Records that were written down beforehand: the package is the same as of records made anew."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts.record import Json
from avgate_gateway.package.flattening import columns_of
from avgate_gateway.package.json_text import json_array_of_texts
from avgate_gateway.package.spreadsheet import DIALECTS, Rows, csv_of_tables, csv_rows
from avgate_gateway.package.tally import Tally

T = TypeVar("T")
NAMES = st.sampled_from(["a", "b", "c.d", "@e"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text('a=-;,"\r\n \té', max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
RECORDS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=6)


@given(records=RECORDS, at_once=st.integers(1, 4), language=st.sampled_from(["nl", "en"]))
async def test_rows_made_while_they_come_are_the_table_that_is_made_at_the_end(
    records: list[dict[str, Json]], at_once: int, language: str
) -> None:
    dialect = DIALECTS["nl" if language == "nl" else "en"]
    rows, stretches = Rows(dialect), list[tuple[int, bytes]]()
    for start in range(0, len(records), at_once):
        for record in records[start : start + at_once]:
            rows.add(record)
        stretches.append(rows.taken())
    columns = columns_of(records)
    assert rows.columns == columns
    made, anew = Tally(), Tally()
    told = partial(csv_of_tables, columns=columns, dialect=dialect, tally=made)
    remade = partial(csv_rows, columns=columns, dialect=dialect, tally=anew)
    assert cells(await whole(told(each(stretches))), dialect.delimiter) == cells(
        await whole(remade(each(records))), dialect.delimiter
    )
    assert (made.records, made.fields_left_out) == (anew.records, 0)


async def test_a_table_with_too_many_columns_is_not_kept() -> None:
    rows = Rows(DIALECTS["nl"])
    rows.add({f"a{number}": number for number in range(500)})
    assert rows.is_whole
    rows.add({"one more": 1})
    assert not rows.is_whole
    assert rows.columns[-1] == "(other fields)"


@given(records=RECORDS, at_once=st.integers(1, 4))
async def test_texts_become_one_array(records: list[dict[str, Json]], at_once: int) -> None:
    lines = [json.dumps(record).encode() for record in records]
    texts = [b"\n".join(lines[at : at + at_once]) for at in range(0, len(lines), at_once)]
    tally = Tally()
    assert json.loads(await whole(json_array_of_texts(each(texts), tally))) == records
    assert tally.records == len(records)


async def each(items: Sequence[T]) -> AsyncIterator[T]:
    for item in items:
        yield item


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def cells(text: bytes, delimiter: str) -> list[list[str]]:
    """A table as its reader sees it: one empty cell and none look alike on a line of their own."""
    read = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    return [row or [""] for row in read]
