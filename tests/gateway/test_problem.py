"""Problems: what callers are told, and what they are not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from avgate_gateway import problem
from avgate_gateway.guard import Guard
from avgate_gateway.logs import fault
from avgate_gateway.problem import Problem

from .invented_api import (
    MARKER,
    application,
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Guard(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def test_every_type_has_an_absolute_name_of_its_own_and_says_what_to_do() -> None:
    assert len({kind.uri for kind in problem.TYPES}) == len(problem.TYPES) > 25
    for kind in problem.TYPES:
        assert kind.uri.startswith("https://")
        assert 400 <= kind.status < 600
        assert kind.next_step.endswith(".")


def test_the_table_for_the_documentation_lists_every_type() -> None:
    lines = list(problem.table())
    assert len(lines) == len(problem.TYPES) + 2
    assert all(
        f"`{kind.slug}`" in line for kind, line in zip(problem.TYPES, lines[2:], strict=True)
    )


async def test_a_problem_is_sent_as_the_standard_says(client: httpx.AsyncClient) -> None:
    response = await client.get("/raised")
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["retry-after"] == "7"
    assert response.json() == {
        "type": problem.NOT_READY.uri,
        "title": problem.NOT_READY.title,
        "status": 409,
        "detail": f"It runs. {problem.NOT_READY.next_step}",
    }


def test_no_cache_keeps_a_problem_even_without_the_guard() -> None:
    response = problem.ProblemResponse(Problem(problem.NOT_FOUND))
    assert response.headers["cache-control"] == "no-store"


def test_members_of_our_own_never_replace_those_of_the_standard() -> None:
    members = Problem(problem.GONE, extra={"status": 200, "scope": "admin"}).members()
    assert members["status"] == 410
    assert members["scope"] == "admin"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, problem.MALFORMED_REQUEST),
        (403, problem.ACCESS_REFUSED),
        (404, problem.NOT_FOUND),
        (406, problem.NOT_ACCEPTABLE),
        (410, problem.GONE),
        (418, problem.MALFORMED_REQUEST),
        (429, problem.TOO_MANY_REQUESTS),
        (502, problem.INTERNAL_ERROR),
        (503, problem.UNAVAILABLE),
    ],
)
async def test_a_plain_refusal_becomes_a_problem_without_its_text(
    client: httpx.AsyncClient, status: int, kind: problem.ProblemType
) -> None:
    response = await client.get(f"/refused/{status}")
    assert response.status_code == response.json()["status"] == kind.status
    assert response.json()["type"] == kind.uri
    assert response.headers["retry-after"] == "3"
    assert MARKER not in response.text + str(response.headers)


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/{MARKER}")
    assert (response.status_code, response.json()["type"]) == (404, problem.NOT_FOUND.uri)
    assert MARKER not in response.text


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    response = await client.delete("/body")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["type"] == problem.METHOD_NOT_ALLOWED.uri


async def test_a_mistake_of_ours_shows_neither_its_message_nor_its_place(
    client: httpx.AsyncClient, lines: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/broken")
    assert (response.status_code, response.json()["type"]) == (500, problem.INTERNAL_ERROR.uri)
    assert "RuntimeError" not in response.text
    assert MARKER not in response.text
    assert '"error":"RuntimeError"' in lines.text
    assert "invented_api.py" in lines.text
    assert MARKER not in lines.text


def test_the_log_names_causes_by_type_alone(lines: pytest.LogCaptureFixture) -> None:
    error = RuntimeError(MARKER)
    error.__cause__ = KeyError(MARKER)
    fault.record(error)
    assert "RuntimeError from KeyError" in lines.text
    assert MARKER not in lines.text
