"""What TM Forum's own files allow in a resource: types, enumerations and required attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

_FILES = Path(__file__).parents[3] / "contracts" / "openapi" / "tmforum"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]*")  # a scheme, and nothing but ASCII
_Schema = Mapping[str, Any]


class Specification:
    """The definitions of one file, such as "TMF632-Party-v4.0.0"."""

    def __init__(self, name: str) -> None:
        content = orjson.loads((_FILES / f"{name}.swagger.json").read_bytes())
        self._definitions: Mapping[str, _Schema] = content["definitions"]
        self._inside: Mapping[str, Callable[[_Schema, Any, str], Iterator[str]]] = {
            "array": self._of_array,
            "object": self._of_object,
        }

    def misfits(self, definition: str, value: Any) -> list[str]:
        """Where a value is none that the definition allows, as paths of attribute names."""
        return sorted(set(self._misfits(self._definitions[definition], value, "")))

    def _misfits(self, schema: _Schema, value: Any, path: str) -> Iterator[str]:
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        kind = str(schema.get("type", ""))
        is_other = kind in _TYPES and not isinstance(value, _TYPES[kind])
        is_flag = isinstance(value, bool) and kind in {"integer", "number"}
        is_strange = value not in schema.get("enum", [value]) or _is_misspelt(schema, value)
        if is_other or is_flag or is_strange:
            yield path
        elif kind in self._inside:
            yield from self._inside[kind](schema, value, path)

    def _of_array(self, schema: _Schema, value: Any, path: str) -> Iterator[str]:
        for entry in value:
            yield from self._misfits(schema.get("items", {}), entry, path)

    def _of_object(self, schema: _Schema, value: Any, path: str) -> Iterator[str]:
        prefix = f"{path}." if path else ""
        yield from (f"{prefix}{name}" for name in schema.get("required", ()) if name not in value)
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from self._misfits(inner, value[name], f"{prefix}{name}")


def _is_misspelt(schema: _Schema, value: Any) -> bool:
    """Whether a string has not the format that it is to have: a date-time, or a URI."""
    if not isinstance(value, str):
        return False
    match schema.get("format"):
        case "date-time":
            return not _is_moment(value)
        case "uri":
            return _URI.fullmatch(value) is None
        case _:
            return False


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "T" in text
