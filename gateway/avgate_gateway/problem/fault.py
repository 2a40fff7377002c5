"""An unexpected exception in the log: what and where, never its message, which may name a person."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import PurePath

_FRAMES = 8
_logger = logging.getLogger(__name__)


def record(error: BaseException) -> None:
    """Logs the types of an exception and its causes, and the innermost places in the code."""
    _logger.error("request.failed error=%s at=%s", _types(error), _places(error))


def _types(error: BaseException) -> str:
    return " from ".join(type(link).__name__ for link in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " > ".join(f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames)
