"""Stands in front of the application, and lets in only HTTP requests that can be read one way."""

from __future__ import annotations

from avgate_gateway.guard.body import parsed_body
from avgate_gateway.guard.connections import Connections
from avgate_gateway.guard.limit import Limits, PathRule
from avgate_gateway.guard.line import step_aside
from avgate_gateway.guard.middleware import Guard, secured
from avgate_gateway.guard.traffic import Traffic
from avgate_gateway.guard.unheard import Unheard

__all__ = [
    "Connections",
    "Guard",
    "Limits",
    "PathRule",
    "Traffic",
    "Unheard",
    "parsed_body",
    "secured",
    "step_aside",
]
