"""Spans for OpenTelemetry: what takes how long, in which request, at which upstream; never for whom."""

from __future__ import annotations

from avgate_gateway.traces.spans import Traces

__all__ = ["Traces"]
