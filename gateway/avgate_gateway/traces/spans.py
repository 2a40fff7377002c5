"""Spans around what is done; without a tracer there are none, and nothing is paid for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeAlias

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
)
from structlog.contextvars import bound_contextvars

from avgate_gateway.logs.trace import TRACE_ID

Attribute: TypeAlias = str | int
_NONE: AbstractContextManager[Span] = nullcontext(INVALID_SPAN)


class Traces:
    """Makes spans whose names and attributes are ours alone: patterns, ids and names of types."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.tracer = tracer

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[Span]:
        """Around a piece of work; `avgate_connector` becomes the attribute `avgate.connector`."""
        if self.tracer is None:
            return _NONE
        return self.made(self.tracer, name, SpanKind.INTERNAL, dotted(attributes))

    @contextmanager
    def made(
        self,
        tracer: Tracer,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, Attribute],
        parent: Context | None = None,
    ) -> Iterator[Span]:
        """One that lines of the log and problems name; an exception is told by its type alone."""
        with tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            ids = span.get_span_context()
            trace_id, span_id = format_trace_id(ids.trace_id), format_span_id(ids.span_id)
            before = TRACE_ID.set(trace_id)
            try:
                with bound_contextvars(trace_id=trace_id, span_id=span_id):
                    yield span
            except BaseException as error:
                failed(span, error)
                raise
            finally:
                TRACE_ID.reset(before)


def dotted(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Attributes by the names that OpenTelemetry writes with dots."""
    return {name.replace("_", ".", 1): value for name, value in attributes.items()}


def failed(span: Span, error: BaseException) -> None:
    """Marks a span: what an exception says may name somebody, and what it is called does not."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(Status(StatusCode.ERROR))
