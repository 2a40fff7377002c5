"""A recording of what was said to an upstream and what it answered, as vcrpy writes it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from vcr.request import Request  # type: ignore[import-untyped]  # vcrpy ships no types
from vcr.serialize import deserialize, serialize  # type: ignore[import-untyped]  # vcrpy ships no types
from vcr.serializers import yamlserializer  # type: ignore[import-untyped]  # as above


class TapeError(Exception):
    """A recording cannot be read; the message names the file and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Interaction:
    """One request and its answer; header names are in lower case."""

    method: str
    url: str = field(repr=False)
    request_headers: Mapping[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Meta:
    """What a recording is of; `recorded_at` is aware, UTC, to the second."""

    recorded_at: datetime
    protocol: str
    connector: str
    story: str

    @classmethod
    def of(cls, recorded_at: datetime, protocol: str, connector: str, story: str) -> Self:
        """With the moment as a file holds it."""
        return cls(recorded_at.astimezone(UTC).replace(microsecond=0), protocol, connector, story)


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """One story, from its first request to its last."""

    meta: Meta
    interactions: tuple[Interaction, ...]


def load(path: Path) -> Tape:
    """Reads a recording; raises TapeError, which names the file and nothing that is in it."""
    found: Any = None
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        requests, responses, *more = deserialize(path.read_text("utf-8"), yamlserializer)
        meta = _meta(more[0] if more else {})
        pairs = zip(requests, responses, strict=True)
        found = Tape(meta, tuple(interaction(*pair) for pair in pairs))
    if found is None:
        raise TapeError(
            f"{path.name} is not a recording of this kit; record it again: avgate record"
        )
    tape: Tape = found
    return tape


def save(tape: Tape, path: Path) -> None:
    """Writes a recording, and the folder that it is to be in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = {
        "requests": [_request(one) for one in tape.interactions],
        "responses": [_response(one) for one in tape.interactions],
        "metadata": {
            "recorded_at": tape.meta.recorded_at.isoformat(),
            "protocol": tape.meta.protocol,
            "connector": tape.meta.connector,
            "story": tape.meta.story,
        },
    }
    path.write_text(serialize(written, yamlserializer), "utf-8")


def interaction(request: Any, response: Any) -> Interaction:
    """One interaction out of vcrpy's request and response."""
    return Interaction(
        method=str(request.method),
        url=str(request.uri),
        request_headers=_headers(request.headers),
        request_body=_bytes(request.body),
        status=int(response["status"]["code"]),
        headers=_headers(response["headers"]),
        body=_bytes(response["body"]["string"]),
    )


def _meta(stored: Mapping[str, str]) -> Meta:
    moment = datetime.fromisoformat(str(stored["recorded_at"]))
    return Meta.of(moment, stored["protocol"], stored["connector"], stored["story"])


def _headers(given: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        str(name).lower(): value if isinstance(value, str) else ", ".join(map(str, value))
        for name, value in given.items()
    }


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body or b"")


def _request(one: Interaction) -> Any:
    return Request(one.method, one.url, one.request_body, dict(one.request_headers))


def _response(one: Interaction) -> dict[str, Any]:
    return {
        "status": {"code": one.status, "message": ""},
        "headers": {name: [value] for name, value in one.headers.items()},
        "body": {"string": one.body},
    }
