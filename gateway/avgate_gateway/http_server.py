"""How uvicorn is run: what it may believe, and what it keeps to itself."""

from __future__ import annotations

import resource
from dataclasses import replace

import uvicorn
from starlette.types import ASGIApp

from avgate_gateway.guard import Limits, Traffic
from avgate_gateway.http_protocol import guarded

_OTHER_FILES = 200  # databases, upstreams, and what Python opens for itself
_LAST_ANSWERS_SECONDS = 20


def configured(app: ASGIApp, limits: Limits, traffic: Traffic) -> uvicorn.Config:
    """Everything that uvicorn is told, for one process.

    Without trusted proxies nobody is believed about who they speak for: uvicorn by itself would
    believe whatever runs on the same machine, which is where proxies of all callers run too.
    """
    within = replace(limits, connections=_affordable(limits.connections))
    return uvicorn.Config(
        app,
        http=guarded(within, traffic),
        ws="none",
        proxy_headers=bool(limits.trusted_proxies),
        forwarded_allow_ips=list(limits.trusted_proxies),
        loop="none",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )


def _affordable(connections: int) -> int:
    """As many connections as there may be open files, which we ask the system to allow first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _OTHER_FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(connections, max(soft - _OTHER_FILES, _OTHER_FILES))
