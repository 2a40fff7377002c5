"""Which settings are secrets: by their type, and by what their name says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr

_SAYS_SECRET = re.compile(
    r"token|passw|passphrase|secret|credential|(^|_)api_?key|(^|_)(app|private|signing)_?key"
    r"|(^|_)key$|(^|_)pin$|(^|_)pwd"
)
# What is said about a secret is none: where to get it, what it is called.
_SAYS_ABOUT = re.compile(r"(url|uri|id|name|header|path|endpoint|type|scheme|days|seconds|file)$")


def bare_secrets(kind: type[BaseModel]) -> list[str]:
    """The settings whose name says that they are a secret, and whose type is plain text."""
    return [
        name
        for name, types in _fields(kind)
        if _SAYS_SECRET.search(name.rpartition(".")[2].lower())
        and not _SAYS_ABOUT.search(name.lower())
        and {str, bytes} & types
    ]


def secrets_of(settings: BaseModel) -> dict[str, str]:
    """Every secret value by the name of its setting."""
    return dict(_secrets("", settings))


def _secrets(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, SecretStr):
        yield place, value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield place, value.get_secret_value().decode("latin-1")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(f"{place}.{name}".strip("."), getattr(value, name))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _secrets(f"{place}[{number}]", each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _secrets(f"{place}.{name}".strip("."), each)


def _fields(kind: type[BaseModel], place: str = "") -> Iterator[tuple[str, set[Any]]]:
    for name, field in kind.model_fields.items():
        types = set(_types(field.annotation))
        yield f"{place}{name}", types
        for inner in types:
            if isinstance(inner, type) and issubclass(inner, BaseModel) and inner is not kind:
                yield from _fields(inner, f"{place}{name}.")


def _types(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _types(argument)
