"""What an upstream answered, checked as far as HTTP goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.http.body import decoded
from avgate_contracts.record import Json

T = TypeVar("T")

_adapter: Callable[[Any], TypeAdapter[Any]] = lru_cache(maxsize=256)(TypeAdapter)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that was asked for: a 2xx, or a status in `accept`.

    Header names are in lower case, and cookies are left out. `after_unknown`: an earlier try of
    this same call was sent and its answer lost, so a 404 on a DELETE now means already gone.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    after_unknown: bool = False

    def json(self) -> Json:
        """The body as JSON; raises ContractBrokenError if it is not."""
        return decoded(self.body)

    def parse(self, shape: type[T]) -> T:
        """The body as a pydantic model, or as anything else pydantic knows: `list[Model]`.

        Raises ContractBrokenError, which names locations and types and never a value.
        """
        decoded(self.body)  # pydantic takes the last of two equal keys, and we neither
        adapter = _adapter(shape)
        try:
            value: T = adapter.validate_json(self.body)
        except ValidationError as error:
            found = _differences(error, _names(adapter))
        else:
            return value
        raise ContractBrokenError(f"the upstream's answer has another shape: {found}")

    def text(self) -> str:
        """The body as text in the charset it names, else UTF-8; raises ContractBrokenError."""
        _, _, charset = self.headers.get("content-type", "").partition("charset=")
        with suppress(ValueError, LookupError):
            return self.body.decode(charset.split(";")[0].strip(" \"'") or "utf-8")
        raise ContractBrokenError("the upstream's answer is not text in the charset it names")


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose body is read piece by piece, inside the `async with` that opened it.

    `chunks` raises UnavailableError where the body is cut or stalls, and ContractBrokenError
    beyond `max_bytes`.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)


def _differences(error: ValidationError, known: frozenset[str]) -> str:
    """Where the body differs; a key that no model names may be a person's, and shows as `*`."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    places = {f"{_place(detail['loc'], known)} ({detail['type']})" for detail in details}
    return ", ".join(sorted(places)[:10])


def _place(location: tuple[int | str, ...], known: frozenset[str]) -> str:
    parts = (str(part) if isinstance(part, int) or part in known else "*" for part in location)
    return ".".join(parts) or "body"


def _names(adapter: TypeAdapter[Any]) -> frozenset[str]:
    found: set[str] = set()
    try:
        _collect(adapter.json_schema(mode="validation"), found)
    except PydanticUserError:  # a type of the author's own that has no schema
        found.clear()
    return frozenset(found)


def _collect(schema: Any, found: set[str]) -> None:
    parts = list(schema.values()) if isinstance(schema, dict) else schema
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        found.update(schema["properties"])
    if isinstance(parts, list):
        for part in parts:
            _collect(part, found)
