"""What a trace shows of a whole access and a whole erasure, and that it shows nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from avgate_gateway.settings import load
from avgate_gateway.traces import Traces
from avgate_gateway.traces.opening import open_traces
from avgate_mocks.people import Role

from .indoors import Indoors, indoors
from .marking import markers, talked_about

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OURS = {
    "http.request.method", "http.route", "http.response.status_code", "url.template", "error.type",
    "avgate.request_id", "avgate.controller", "avgate.connector", "avgate.attempt",
}  # fmt: skip


class Seen:
    """Spans that have ended, by what they are called and what they are under."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.traces = Traces(provider.get_tracer("test"))

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def under(self, name: str) -> set[str]:
        """What is right below all that are called so."""
        ids = {one.context.span_id for one in self.spans if one.name == name and one.context}
        return {one.name for one in self.spans if one.parent and one.parent.span_id in ids}

    def named(self, name: str) -> list[ReadableSpan]:
        return [one for one in self.spans if one.name == name]

    def said(self) -> str:
        """All that is sent to a collector."""
        return "".join(one.to_json() for one in self.spans)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest_asyncio.fixture
async def here(tmp_path: Path, seen: Seen) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path, ("operator", "directory"), traces=seen.traces) as made:
        yield made


async def test_a_whole_access_and_a_whole_erasure_show_what_was_done_and_nobody(
    here: Indoors, seen: Seen
) -> None:
    running, ended = here.person(Role.RUNNING), here.person(Role.ENDED)
    await here.plant("directory", {"fault": "error_500", "times": 1})
    await here.carry_out(talked_about("access", running))
    await here.carry_out(talked_about("erase", ended))

    assert "part locate" in seen.under("advance access")
    assert seen.under("advance erase") >= {"part locate", "part execute", "part verify"}
    assert "GET /party/v4/individual/{id}" in seen.under("part locate")
    assert "DELETE /usageManagement/v4/usage/{id}" in seen.under("part execute")
    tried = [one.attributes or {} for one in seen.spans if "url.template" in (one.attributes or {})]
    assert {one.get("avgate.connector") for one in tried} == {"operator", "directory"}
    assert {one.get("avgate.attempt") for one in tried} >= {1, 2}
    assert 500 in {one.get("http.response.status_code") for one in tried}
    [submitted, *_] = seen.named("POST /v1/requests")
    assert (submitted.attributes or {})["http.response.status_code"] == 202
    assert {key for one in seen.spans for key in one.attributes or {}} <= OURS

    said = seen.said()
    assert not {one for one in markers(running, ended) if one in said}
    assert not [one for one in here.addresses.values() if httpx.URL(one).netloc.decode() in said]
    assert not [one for one in seen.spans if one.events or one.status.description]


async def test_a_callers_trace_is_gone_on_with_and_named_in_problems(
    here: Indoors, seen: Seen
) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    answer = await here.caller().get(f"/v1/requests/{uuid4()}", headers=headers)
    assert (answer.status_code, answer.json()["trace_id"]) == (404, TRACE)
    [span] = seen.named("GET /v1/requests/{request_id}")
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT
    answer = await here.caller().get("/v1/requests?x=1", headers={"traceparent": "00-none"})
    assert len(answer.json()["trace_id"]) == len(TRACE)
    assert answer.json()["trace_id"] != TRACE
    await here.caller().get("/health/live", headers=headers)
    assert not [one for one in seen.spans if "health" in one.name]


def test_an_exception_is_told_by_its_type_alone(seen: Seen) -> None:
    with pytest.raises(KeyError), seen.traces.span("part locate", avgate_connector="x"):
        raise KeyError("Jan Jansen")
    [span] = seen.spans
    assert dict(span.attributes or {}) == {"avgate.connector": "x", "error.type": "KeyError"}
    assert (span.status.is_ok, span.status.description, span.events) == (False, None, ())


async def test_without_traces_nothing_is_named(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        answer = await here.caller().get(f"/v1/requests/{uuid4()}")
        assert "trace_id" not in answer.json()


@pytest.mark.parametrize(
    ("line", "environ", "is_on"),
    [
        ("", {}, False),
        ('traces.endpoint = "http://127.0.0.1:1"', {}, True),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, True),
        ('traces.endpoint = "http://127.0.0.1:1"', {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_sent_where_the_settings_or_the_environment_say(
    tmp_path: Path, line: str, environ: dict[str, str], is_on: bool
) -> None:
    config = tmp_path / "avgate.toml"
    config.write_text(f'{line}\n[controllers.a]\ntitle = "A"\nretention = "libervoice-2019"\n')
    traces, end = open_traces(load(config, {}), environ)
    assert (traces.tracer is not None) is is_on
    end()
