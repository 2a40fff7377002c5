"""What the process says while it runs: one line an event, never a person."""

from __future__ import annotations

import logging
import sys

_QUIET = ("httpx", "httpcore", "uvicorn.access", "alembic", "asyncio")


def configure(level: int = logging.INFO) -> None:
    """Sends events to standard error, and keeps libraries that print addresses quiet."""
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
