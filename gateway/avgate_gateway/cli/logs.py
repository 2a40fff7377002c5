"""Where lines of the log go, and in which form: the one place that configures it."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from io import UnsupportedOperation

from avgate_gateway.cli.standard_error import PatientHandler
from avgate_gateway.logs.rendering import formatter

# They print addresses, statements and tasks, in which there may be somebody.
_QUIET = (
    "httpx", "httpcore", "sqlalchemy", "aiosqlite", "asyncpg", "alembic", "asyncio",
    "opentelemetry", "urllib3", "multipart",
)  # fmt: skip
_OURS = ("avgate", "avgate_gateway")


class LogFormat(StrEnum):
    """How lines look."""

    JSON = "json"
    TEXT = "text"


def configure(level: int = logging.INFO, form: LogFormat | None = None) -> None:
    """Sends events to standard error: JSON, unless that is a terminal or `form` says otherwise.

    Only what is ours is told at DEBUG.
    """
    is_terminal = sys.stderr.isatty()
    is_json = not is_terminal if form is None else form is LogFormat.JSON
    _leave_out_what_no_line_says()
    handler = _on_standard_error()
    handler.setFormatter(formatter(json=is_json, colours=is_terminal))
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler])
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _on_standard_error() -> logging.Handler:
    try:
        return PatientHandler(sys.stderr.fileno())
    except (
        UnsupportedOperation
    ):  # whoever runs a command in their own process put another stream there
        return logging.StreamHandler(sys.stderr)


def _leave_out_what_no_line_says() -> None:
    """Has Python look up neither the calling line nor the thread: a third of what a line costs.

    See "Optimization" in Python's logging HOWTO.
    """
    logging._srcfile = None  # noqa: SLF001 -- the switch that the HOWTO names
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
