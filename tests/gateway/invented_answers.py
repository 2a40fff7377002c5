"""Answers of a gateway that is not there, and what the command line makes of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from avgate_client import AvgateClient, Runtime
from avgate_client.answers import ReportLine, Request
from avgate_gateway.cli.request.reaching import Reach

PHONE = "+31201234567"
REACH = Reach("http://127.0.0.1:8080", None, Path("avgate.toml"), "libervoice", "desk")
HEAVY = {"fastapi", "sqlalchemy", "alembic", "httpx", "pydantic"}


def request(**changes: object) -> Request:
    values: dict[str, object] = {
        "id": "r-1",
        "operation": "erase",
        "state": "closed",
        "waiting_for": None,
        "controller": "libervoice",
        "submitted_by": "desk",
        "subject": {"reference": "s-1"},
        "received_at": "2026-11-21T10:00:00Z",
        "due": {"promised": "2026-12-19", "legal": "2026-12-21"},
        "plan": None,
        "connectors": [part()],
        "closing": None,
    }
    return Request.model_validate({**values, **changes})


def part(**changes: object) -> dict[str, object]:
    return {
        "connector": "operator",
        "stage": "done",
        "outcome": "completed",
        "items": {"erased": 2},
        "attempts": 0,
        "next_attempt_at": None,
        "reason": None,
        "quarantined": 0,
        **changes,
    }


def line(
    connector: str, outcome: str, category: str | None = "contact", count: int = 1
) -> ReportLine:
    return ReportLine(
        connector=connector, category=category, product="general", outcome=outcome, count=count,
        ground=None, until=None, effective_from=None, reason=None, detail=None,
    )  # fmt: skip


Answered = httpx.Response | Callable[[httpx.Request], httpx.Response]


def client(
    answers: Mapping[str, Answered], seen: list[httpx.Request] | None = None
) -> AvgateClient:
    def answer(asked: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(asked)
        answered = answers[f"{asked.method} {asked.url.path}"]
        return answered if isinstance(answered, httpx.Response) else answered(asked)

    runtime = Runtime(transport=lambda: httpx.MockTransport(answer), sleep=no_sleep)
    return AvgateClient("http://127.0.0.1:1024", token="token", runtime=runtime)


async def no_sleep(_seconds: float) -> None:
    """Goes on at once."""


def as_json(answer: Request) -> httpx.Response:
    return httpx.Response(200, json=answer.model_dump(mode="json"))
