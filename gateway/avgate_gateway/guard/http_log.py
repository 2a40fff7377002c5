"""One line in the log for each HTTP call: by the pattern of its route, and never by its address."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from starlette.types import Scope

from avgate_gateway.guard.traffic import known
from avgate_gateway.logs.catalogue import HTTP_ANSWERED, PROBE_ANSWERED

_PROBES = ("/health/", "/metrics")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_log = logging.getLogger("avgate.http")


def tell(scope: Scope, status: int, seconds: float, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Says what became of a call; `headers` are those of its answer, which names a new request."""
    event = PROBE_ANSWERED if is_probe(scope) else HTTP_ANSWERED
    if not _log.isEnabledFor(event.level):
        return
    caller = scope.get("state", {}).get("caller")
    event.tell(
        method=known(scope["method"]),
        route=getattr(scope.get("route"), "path", None),
        status=status,
        duration_ms=round(seconds * 1000, 1),
        client=getattr(caller, "client_id", None),
        controller=getattr(caller, "controller", None),
        request_id=request_id_of(scope, headers),
    )


def is_probe(scope: Scope) -> bool:
    """Whether somebody only looks how we are."""
    return str(scope["path"]).startswith(_PROBES)


def request_id_of(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The request that a call is about: of an address only what has the form that we give ids: a caller may write anything there."""
    given = str(scope.get("path_params", {}).get("request_id", ""))
    if not given and scope["method"] == "POST":
        made = next((value for name, value in headers if name.lower() == b"location"), b"")
        given = made.decode("latin-1").rpartition("/")[2]
    return given if _ID.fullmatch(given) else None
