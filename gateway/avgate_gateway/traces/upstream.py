"""A span for each try at an upstream: the pattern of its path, and no host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import get_contextvars

from avgate_gateway.traces.spans import Attribute, Traces, failed

_PROPAGATOR = TraceContextTextMapPropagator()
_CONNECTOR = "connector"
_WRONG = 400


@dataclass(frozen=True, slots=True)
class UpstreamSpan:
    """One try."""

    span: Span

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """`traceparent` alone: what else came along with a call to us is not for a third party."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return ((b"traceparent", carrier["traceparent"].encode()),) if carrier else ()

    def answered(self, status: int) -> None:
        self.span.set_attribute("http.response.status_code", status)
        if status >= _WRONG:
            self.span.set_status(Status(StatusCode.ERROR))

    def failed(self, error: Exception) -> None:
        failed(self.span, error)


@dataclass(frozen=True, slots=True)
class UpstreamTracing:
    """What the contracts' client is given."""

    traces: Traces
    tracer: Tracer

    @contextmanager
    def call(self, method: str, path: str, attempt: int) -> Iterator[UpstreamSpan]:
        about: dict[str, Attribute] = {
            "http.request.method": method,
            "url.template": path,
            "avgate.attempt": attempt,
        }
        connector = get_contextvars().get(_CONNECTOR)
        if connector is not None:
            about["avgate.connector"] = str(connector)
        name = f"{method} {path}"
        with self.traces.made(self.tracer, name, SpanKind.CLIENT, about) as span:
            yield UpstreamSpan(span)


def tracing(traces: Traces) -> UpstreamTracing | None:
    """What the contracts' client is given, if there are spans at all."""
    return None if traces.tracer is None else UpstreamTracing(traces, traces.tracer)
