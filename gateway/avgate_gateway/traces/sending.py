"""Where spans go: over OTLP to a collector. Imported only where traces are on: its library is an extra."""

from __future__ import annotations

from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_LAST_SECONDS = 3.0


def provider(endpoint: str | None, release: str) -> TracerProvider:
    """Sends to an endpoint, or to where the variables of the environment say.

    Those also say how much is sampled, what the service is called, and how it signs in.
    """
    about = {"service.name": "avgate", "service.version": release}
    resource = Resource.create(about).merge(OTELResourceDetector().detect())
    made = TracerProvider(resource=resource, shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return made


def ended(made: TracerProvider) -> None:
    """Sends what is left; a collector that does not answer is not waited for."""
    last = Thread(target=made.shutdown, daemon=True)
    last.start()
    last.join(_LAST_SECONDS)
