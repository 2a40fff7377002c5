"""A data subject and changes, from what stands on a command line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import canonical
from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Field, IdentifierKind
from avgate_gateway.cli.exits import CommandError

_DATED = re.compile(
    r"(?P<value>.+?)(?:@(?P<start>\d{4}-\d\d-\d\d)?\.\.(?P<end>\d{4}-\d\d-\d\d)?)?",
    re.DOTALL | re.ASCII,
)


def identifiers(given: Mapping[IdentifierKind, Sequence[str]]) -> list[Json]:
    """Identifiers as the API takes them, from VALUE or VALUE@FROM..UNTIL.

    Raises CommandError, which names the option and never the value.
    """
    return [_identifier(kind, text) for kind, texts in given.items() for text in texts]


def from_file(path: Path) -> list[Json]:
    """Identifiers as the API takes them, from a JSON file, or `-` for standard input."""
    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        found = orjson.loads(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError:
        raise CommandError(f"{path} is not JSON") from None
    if isinstance(found, dict):
        found = found.get("identifiers")
    if not isinstance(found, list):
        raise CommandError(f'{path} must hold [{{"kind": …, "value": …}}, …]')
    return found


def changes(given: Sequence[str]) -> list[Json]:
    """Changes as the API takes them, from FIELD=VALUE or FIELD=OLD->NEW; raises CommandError."""
    return list(_changes(given))


def _identifier(kind: IdentifierKind, text: str) -> Json:
    option = f"--{kind.value.replace('_', '-')}"
    match = _DATED.fullmatch(text)
    if match is None:
        raise CommandError(f"{option} needs a value")
    try:
        canonical(kind, match["value"])
    except InvalidIdentifierError as error:
        raise CommandError(f"{option}: {error}") from None
    dates = {"valid_from": match["start"], "valid_until": match["end"]}
    return {
        "kind": kind.value,
        "value": match["value"],
        **{name: day for name, day in dates.items() if day},
    }


def _changes(given: Sequence[str]) -> Iterator[Json]:
    known = [field.value for field in Field]
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise CommandError(f"--change is FIELD=VALUE; fields are: {', '.join(known)}")
        before, arrow, after = value.partition("->")
        yield (
            {"field": name, "from": before, "to": after} if arrow else {"field": name, "to": value}
        )
