"""Every setting with its meaning, its value and where that came from, for `avgate settings`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from avgate_gateway.settings.model import Settings
from avgate_gateway.settings.origin import Key, Origins, Source

HIDDEN = "***"
_PASSWORD = re.compile(r"(?<=://)([^/@]*):[^/]*@")
_NO_MEANING = "A setting of the connector; its README says more."


@dataclass(frozen=True, slots=True)
class Explained:
    """One line of `avgate settings`."""

    key: str
    meaning: str
    value: str
    source: Source
    where: str = ""  # the line of the file, or the variable of the environment

    @property
    def found(self) -> str:
        """Where its value came from, in words."""
        return f"{self.source.value}, {self.where}" if self.where else self.source.value


_Line = tuple[Key, Explained]


def explain(
    settings: Settings,
    connector_types: Mapping[str, type[BaseModel]] | None = None,
    lines: Mapping[Key, int] | None = None,
) -> list[Explained]:
    """Every setting in the order of the file; secrets show as `***`.

    A connector's values show only if its settings type is given and says they are no secret; what
    it leaves to its defaults is shown then too. `lines` as `lines_of` tells them.
    """
    origins, places = settings.origins, lines or {}
    found = _model(settings, (), origins, connector_types or {})
    return [replace(line, where=_where(key, line, origins, places)) for key, line in found]


def _where(key: Key, line: Explained, origins: Origins, lines: Mapping[Key, int]) -> str:
    match line.source:
        case Source.ENVIRONMENT:
            return origins.in_environment[key]
        case Source.FILE if key in lines:
            return f"line {lines[key]}"
        case _:
            return ""


def _model(
    model: BaseModel, under: Key, origins: Origins, types: Mapping[str, type[BaseModel]]
) -> Iterator[_Line]:
    for name, field in type(model).model_fields.items():
        key, value = (*under, name), getattr(model, name)
        if name == "connectors":
            yield from _connectors(value, key, origins, types)
        elif isinstance(value, BaseModel):
            yield from _model(value, key, origins, types)
        elif isinstance(value, dict):
            for inner_name, inner in value.items():
                at = (*key, inner_name)
                if isinstance(inner, BaseModel):
                    yield from _model(inner, at, origins, types)
                else:
                    yield _line(at, field.description, _shown(inner), origins)
        else:
            yield _line(key, field.description, _shown(value), origins)


def _connectors(
    connectors: Mapping[str, Mapping[str, Any]],
    under: Key,
    origins: Origins,
    types: Mapping[str, type[BaseModel]],
) -> Iterator[_Line]:
    for connector, values in connectors.items():
        fields = types[connector].model_fields if connector in types else {}
        left = {name: _default(field) for name, field in fields.items() if name not in values}
        for name, value in {**values, **left}.items():
            field = fields.get(name)
            is_plain = value is None or isinstance(value, str | int | float | tuple)
            shown = _shown(value) if is_plain and not _is_secret(field) else HIDDEN
            meaning = field.description if field else None
            yield _line((*under, connector, name), meaning, shown, origins)


def _default(field: FieldInfo) -> object:
    return field.default if field.default_factory is None else "made by the connector"


def _line(key: Key, meaning: str | None, value: str, origins: Origins) -> _Line:
    source = origins.of(key)
    shown = HIDDEN if source is Source.ENVIRONMENT else value
    return key, Explained(".".join(key), meaning or _NO_MEANING, shown, source)


def _is_secret(field: FieldInfo | None) -> bool:
    return field is None or _holds_secret(field.annotation)


def _holds_secret(annotation: object) -> bool:
    if annotation in {SecretStr, SecretBytes}:
        return True
    return any(_holds_secret(argument) for argument in get_args(annotation))


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple() | frozenset() | list():
            return ", ".join(sorted(str(item) for item in value))
        case _:
            return _PASSWORD.sub(rf"\1:{HIDDEN}@", str(value))
