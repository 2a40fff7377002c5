"""One kind of line in the log: its name, its fields, what it means and what to do about it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How much a line matters; the numbers are those of Python's logging."""

    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR


@dataclass(frozen=True, slots=True)
class Event:
    """A line that may be told; no field shows that is not named here.

    Python's own logging carries it, so whoever embeds the gateway hears it in the way they are used
    to, and no module that tells something has to load what renders it.
    """

    name: str
    level: Level
    fields: tuple[str, ...]
    means: str
    do: str

    def tell(self, **fields: object) -> None:
        """Puts a line in the log, with the request, controller and connector that are worked on."""
        logger = logging.getLogger(f"avgate.{self.name.partition('.')[0]}")
        if logger.isEnabledFor(self.level):
            logger.log(self.level, self.name, extra=fields)
