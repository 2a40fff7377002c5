"""Records as JSON, value for value as the upstream gave them (RFC 8259).

The standard library's encoder, because orjson refuses integers of more than 64 bits.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from avgate_contracts.record import Json
from avgate_gateway.package.tally import Tally

BATCH_BYTES = 4 * 1024  # some ten records: they are written in well under a millisecond

_AS_IS = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_ESCAPED = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def json_bytes(value: Json) -> bytes:
    """JSON in UTF-8, key order, non-ASCII text and integers of any size kept.

    Two things that JSON in UTF-8 cannot hold are written so that they cost no record: half of a
    surrogate pair as an escape, and a number that is infinite or none as a text ("inf", "nan").
    """
    try:
        return _AS_IS.encode(value).encode()
    except UnicodeEncodeError:
        return _ESCAPED.encode(value).encode()
    except ValueError:
        return json_bytes(_numbers_spelled(value))


async def json_array(
    records: AsyncIterator[Mapping[str, Json]], tally: Tally
) -> AsyncGenerator[bytes, None]:
    """One array, a record a line, in batches of about 4 KiB; counts the records in the tally."""
    batch = bytearray(b"[")
    async for record in records:
        batch += b",\n" if tally.records else b"\n"
        batch += json_bytes(dict(record))
        tally.records += 1
        if len(batch) >= BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    batch += b"\n]\n" if tally.records else b"]\n"
    yield bytes(batch)


async def json_array_of_texts(
    texts: AsyncIterator[bytes], tally: Tally
) -> AsyncGenerator[bytes, None]:
    """The same of records that are JSON already, a record a line; in stretches as they come."""
    async for text in texts:
        yield (b",\n" if tally.records else b"[\n") + text.replace(b"\n", b",\n")
        tally.records += text.count(b"\n") + 1
    yield b"\n]\n" if tally.records else b"[]\n"


def _numbers_spelled(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _numbers_spelled(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_numbers_spelled(child) for child in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value
