"""An unexpected exception in the log: what and where, never its message, which may name a person."""

from __future__ import annotations

from avgate_gateway.logs import mistake
from avgate_gateway.logs.catalogue import REQUEST_FAILED


def record(error: BaseException) -> None:
    """Logs the types of an exception and its causes, and the innermost places in the code."""
    REQUEST_FAILED.tell(error=mistake.types(error), at=mistake.places(error))
