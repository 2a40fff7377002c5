"""Whether there are traces, by the settings or by OpenTelemetry's own variables of the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from avgate_gateway.settings import Settings, SettingsError
from avgate_gateway.traces.spans import Traces

_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PATH = "/v1/traces"


def open_traces(
    settings: Settings, environ: Mapping[str, str]
) -> tuple[Traces, Callable[[], None]]:
    """The traces, and what sends the last of them when the process ends; raises SettingsError."""
    is_named = any(environ.get(name) for name in _VARIABLES)
    is_off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    endpoint = settings.traces.endpoint
    if is_off or not (endpoint or is_named):
        return Traces(), _nothing
    sending: Any
    try:
        sending = import_module("avgate_gateway.traces.sending")
    except ModuleNotFoundError:
        wrong = "traces: the library is missing; install it: pip install 'avgate[gateway,traces]'"
        raise SettingsError(settings.origins.path, [wrong]) from None
    release = version("avgate")
    provider = sending.provider(_whole(endpoint), release)
    return Traces(provider.get_tracer("avgate", release)), lambda: sending.ended(provider)


def _nothing() -> None:
    """There are none to send."""


def _whole(endpoint: str | None) -> str | None:
    """A collector's address may leave out the path that they all have."""
    if endpoint is None or urlsplit(endpoint).path.strip("/"):
        return endpoint
    return endpoint.rstrip("/") + _PATH
