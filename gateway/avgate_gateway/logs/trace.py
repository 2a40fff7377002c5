"""The trace that is being worked in, for whoever answers and cannot know of traces."""

from __future__ import annotations

from contextvars import ContextVar

TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
