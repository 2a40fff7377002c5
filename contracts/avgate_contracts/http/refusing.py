"""One line in the log for a call that was not made: it was refused here, before anything was sent."""

from __future__ import annotations

import logging

from avgate_contracts.errors import ConnectorError

_log = logging.getLogger("avgate.http")


def tell_not_called(method: str, label: str, error: ConnectorError) -> None:
    """The template, and why: the message of a ConnectorError names neither a person nor an address."""
    made = {"method": method, "path": label, "reason": str(error)}
    _log.warning("upstream.not_called", extra=made)
