"""What the process tells of itself, and to whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from avgate_contracts.settings import WebAddress
from avgate_gateway.settings.value import Part


class LogSettings(Part):
    """What is told on standard error, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="What is told: of what is listed under Logs, this and what matters more.",
    )
    format: Literal["json", "text"] | None = Field(
        None, description="How: `json` or `text`; unset, text on a terminal and JSON elsewhere."
    )


class TraceSettings(Part):
    """Where OpenTelemetry's traces go."""

    endpoint: WebAddress | None = Field(
        None,
        description="The collector, such as http://127.0.0.1:4318 (OTLP over HTTP); unset, there are no "
        "traces, unless OTEL_EXPORTER_OTLP_ENDPOINT says so.",
    )
