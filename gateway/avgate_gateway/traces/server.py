"""A span for each HTTP call to us, by the pattern of its route; it goes on a caller's trace."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avgate_gateway.guard.http_log import is_probe, request_id_of
from avgate_gateway.guard.traffic import known
from avgate_gateway.traces.spans import Traces

_PROPAGATOR = TraceContextTextMapPropagator()
_HEADERS = {b"traceparent", b"tracestate"}
_BROKEN = 500


class Traced:
    """Around the whole application; probes are left out."""

    def __init__(self, app: ASGIApp, traces: Traces, tracer: Tracer) -> None:
        self._app = app
        self._traces = traces
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_probe(scope):
            await self._app(scope, receive, send)
            return
        method = known(scope["method"])
        about = {"http.request.method": method}
        parent = _parent(scope)
        with self._traces.made(self._tracer, method, SpanKind.SERVER, about, parent) as span:

            async def passed_on(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    request_id = request_id_of(scope, message.get("headers", ()))
                    if request_id is not None:
                        span.set_attribute("avgate.request_id", request_id)
                    if message["status"] >= _BROKEN:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self._app(scope, receive, passed_on)
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)


def traced(app: ASGIApp, traces: Traces) -> ASGIApp:
    """The same application, with spans if there are any."""
    return app if traces.tracer is None else Traced(app, traces, traces.tracer)


def _parent(scope: Scope) -> Context:
    """Of the caller's headers only those; one that cannot be read begins no trace of theirs."""
    found = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in _HEADERS
    }
    return _PROPAGATOR.extract(found, Context())
