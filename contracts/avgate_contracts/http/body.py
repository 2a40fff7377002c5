"""JSON on its way out and in, stricter than the standard library: RFC 8259, section 4 and 8.1."""

from __future__ import annotations

import json
from contextlib import suppress
from enum import Enum, auto
from typing import Any, Final, Literal, NoReturn, TypeAlias

from avgate_contracts.errors import ContractBrokenError, InvalidIdentifierError
from avgate_contracts.record import Json


class _Absent(Enum):
    UNSET = auto()


Unset: TypeAlias = Literal[_Absent.UNSET]
UNSET: Final = _Absent.UNSET  # None is JSON too, so it cannot say that there is no body


def encoded(value: Json) -> bytes:
    """A value as JSON; raises InvalidIdentifierError for what JSON or UTF-8 cannot hold."""
    with suppress(ValueError):  # NaN, an endless number, half of a surrogate pair
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    raise InvalidIdentifierError("a value to be sent cannot be written as JSON in UTF-8")


def decoded(body: bytes) -> Json:
    """The one reading of a JSON text.

    Raises ContractBrokenError where readers could differ: not UTF-8, a byte order mark, a key
    twice, NaN, half of a surrogate pair, nested or long beyond reason.
    """
    with suppress(ValueError, RecursionError):
        value: Json = json.loads(
            body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant
        )
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(value, ensure_ascii=False).encode()
        return value
    raise ContractBrokenError("the upstream's answer is not the JSON its contract promises")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
