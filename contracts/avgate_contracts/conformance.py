"""What a connector's package says of the tests it passed: a claim of its author, not a proof."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

FILE_NAME = "avgate-conformance.json"
"""Lies in the connector's import package, beside its `__init__.py`, and is shipped in its wheel."""
FORMAT = 1
LEVELS = {1: "shape", 2: "behaviour", 3: "resilience", 4: "privacy", 5: "fresh"}
HIGHEST_LEVEL = max(LEVELS)
OLDEST = timedelta(days=180)
"""Recordings that are older prove no more that the upstream is as it was: they end level 5."""
_LARGEST = 1024 * 1024  # bytes


class ConformanceError(Exception):
    """The evidence cannot be believed; the message says why, to stand after "its evidence"."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """The part of the evidence that says what it is about and what it claims.

    `source` is `source_digest` of the import package that was tested. `recorded_at` is when the
    oldest of its recordings was made; None where that is not said.
    """

    connector: str
    protocol: str
    level: int
    source: str
    recorded_at: datetime | None = None

    def level_at(self, moment: datetime) -> int:
        """What is left of the level at a moment: being fresh passes, everything else stays."""
        is_fresh = self.recorded_at is not None and moment - self.recorded_at <= OLDEST
        return self.level if is_fresh else min(self.level, HIGHEST_LEVEL - 1)

    def insist(self, connector: str, source: str) -> None:
        """Raises ConformanceError where it is about anything else than what is installed."""
        if self.connector != connector:
            raise ConformanceError("is of another connector")
        if self.source != source:
            raise ConformanceError("is of other source than is installed")


def source_digest(package: Path) -> str:
    """`sha256:` and hex, over every Python file of an import package: its path and its text.

    How lines end is left out, for a checkout may change it.
    """
    total = sha256()
    for path in sorted(_sources(package), key=lambda each: each.relative_to(package).as_posix()):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{path.relative_to(package).as_posix()} {len(text)}\n".encode())
        total.update(text)
    return f"sha256:{total.hexdigest()}"


def _sources(package: Path) -> Iterator[Path]:
    """Compiled files too: Python would run one that lies where no source does."""
    for path in package.rglob("*"):
        compiled = path.suffix in {".pyc", ".so", ".pyd"} and path.parent.name != "__pycache__"
        if path.is_file() and (path.suffix == ".py" or compiled):
            yield path


def shipped(package: Path) -> Conformance | None:
    """What lies in an import package; None where nothing does. Raises ConformanceError."""
    path = package / FILE_NAME
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError:
        raise ConformanceError("cannot be opened") from None
    if len(content) > _LARGEST:
        raise ConformanceError("is too large")
    return read(content)


def read(content: bytes) -> Conformance:
    """Raises ConformanceError for what is not evidence in a format that is known here."""
    try:
        said: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise ConformanceError("is not JSON") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ConformanceError(f"has a format other than {FORMAT}")
    words = [said.get(name) for name in ("connector", "protocol", "source")]
    level = said.get("level")
    if not all(isinstance(word, str) for word in words):
        raise ConformanceError("lacks connector, protocol or source")
    if type(level) is not int or not 0 <= level <= HIGHEST_LEVEL:
        raise ConformanceError(f"has no level from 0 to {HIGHEST_LEVEL}")
    oldest = _oldest(said.get("cassettes"))
    return Conformance(str(words[0]), str(words[1]), level, str(words[2]), oldest)


def _oldest(cassettes: Any) -> datetime | None:
    """When the first of the recordings was made; None unless all of them say so."""
    try:
        moments = [datetime.fromisoformat(each["recorded_at"]) for each in cassettes]
        return min(moment.astimezone(UTC) for moment in moments)
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
