"""What is wrong with a config file, one line for each mistake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from avgate_gateway.mistake import mistakes


class SettingsError(Exception):
    """The gateway cannot start with this config; the message has one line for each mistake.

    A line names the file, the key with dots, and what to write there; never a value.
    """

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        super().__init__("\n".join(f"{path}: {line}" for line in lines))


def invalid(
    error: ValidationError, model: object, path: Path, under: tuple[str, ...] = ()
) -> SettingsError:
    """The mistakes that pydantic found in the part of the file `under` these keys."""
    found = [
        one
        for one in error.errors(include_url=False)
        if one["type"] != "default_factory_not_called"
    ]
    return SettingsError(
        path,
        [
            f"{_dotted((*under, *mistake.path))}: {mistake.detail}"
            for mistake in mistakes(found, model, trusted=True)
        ],
    )


def _dotted(keys: tuple[str | int, ...]) -> str:
    return ".".join(str(key) for key in keys) or "the file"
