"""Where the values of settings were found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Key = tuple[str, ...]


class Source(StrEnum):
    """The three places a value can come from."""

    FILE = "file"
    DEFAULT = "default"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Origins:
    """The config file, the keys that stand in it, and those that point to a variable of the environment."""

    path: Path = Path()
    in_file: Collection[Key] = ()
    in_environment: Mapping[Key, str] = field(default_factory=dict)

    def of(self, key: Key) -> Source:
        """Where the value under a key was found."""
        if key in self.in_environment:
            return Source.ENVIRONMENT
        return Source.FILE if key in self.in_file else Source.DEFAULT
