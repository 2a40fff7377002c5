"""Records as flat rows: one name for each value, and a bounded set of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from avgate_contracts.record import Json

COLUMN_LIMIT = 500
OTHER_FIELDS = "(other fields)"
_DEPTH = 8


def flatten(record: Mapping[str, Json]) -> dict[str, Json]:
    """A record with one name per value, in its own order: `{"a": {"b": 1}}` is `{"a.b": 1}`.

    A list stays one value, and so do an empty object and one more than eight levels down. A dot or
    a backslash that a key has of its own is led by a backslash, so no two values share a name.
    """
    flat: dict[str, Json] = {}
    _fill(flat, record, "", _DEPTH)
    return flat


def columns_of(
    records: Iterable[Mapping[str, Json]],
    known: tuple[str, ...] = (),
    *,
    limit: int = COLUMN_LIMIT,
) -> tuple[str, ...]:
    """The known columns, followed by those of the records in the order of first appearance.

    There are never more than `limit`: past it the last column is "(other fields)", under which a
    row has the rest of its values as JSON.
    """
    names = dict.fromkeys(known)
    for record in records:
        if OTHER_FIELDS in names:
            break
        names.update(dict.fromkeys(flatten(record)))
        if len(names) > limit:
            names = dict.fromkeys((*tuple(names)[: limit - 1], OTHER_FIELDS))
    return tuple(names)


def _fill(flat: dict[str, Json], value: Mapping[str, Json], prefix: str, depth: int) -> None:
    for key, child in value.items():
        name = key if "." not in key and "\\" not in key else _escaped(key)
        if prefix:
            name = prefix + name
        if child and depth > 1 and isinstance(child, dict):
            _fill(flat, child, f"{name}.", depth - 1)
        else:
            flat[name] = child


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace(".", "\\.")
