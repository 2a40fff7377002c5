"""Every problem type of the gateway is an exception of the client, and nothing of it is guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from avgate_client import AvgateError, ProblemError, errors
from avgate_client.problems import BASE, KINDS
from avgate_client.reading import problem_of
from avgate_contracts.http.answer import Response
from avgate_gateway.problem import TYPES
from avgate_gateway.problem.catalogue import BASE as GATEWAYS
from avgate_gateway.problem.catalogue import ProblemType

from .problem_classes import PROBLEMS, class_name, text

NOW = datetime(2026, 11, 21, tzinfo=UTC)
JSON = {"content-type": "application/problem+json; charset=utf-8"}


def of(body: bytes, status: int = 409, **headers: str) -> ProblemError:
    return problem_of(Response(status, {**JSON, **headers}, body), NOW)


def test_the_list_is_the_gateways() -> None:
    assert {uri: kind.__name__ for uri, kind in KINDS.items()} == {
        kind.uri: class_name(kind) for kind in TYPES
    }
    assert BASE == GATEWAYS


def test_the_module_is_what_the_catalogue_makes_of_it() -> None:
    assert PROBLEMS.read_text("utf-8") == text(), "run: python tests/client/problem_classes.py"


def test_every_error_has_one_base() -> None:
    found = [one for one in vars(errors).values() if isinstance(one, type)]
    found = [one for one in found if issubclass(one, Exception)]
    assert len(found) > 6
    assert all(issubclass(one, AvgateError) for one in (*found, *KINDS.values()))


@pytest.mark.parametrize("kind", TYPES, ids=[kind.slug for kind in TYPES])
def test_each_type_becomes_its_own_class(kind: ProblemType) -> None:
    body = f'{{"type": "{kind.uri}", "title": "T", "status": {kind.status}}}'.encode()
    error = of(body, kind.status)
    assert type(error) is KINDS[kind.uri]
    assert (error.status, error.title, error.detail) == (kind.status, "T", "")


def test_all_that_a_problem_says_is_there() -> None:
    body = b"""{"type": "https://avgate.example/problems/invalid-content", "title": "No.",
        "status": 422, "detail": "Look.", "known": ["a"],
        "errors": [{"detail": "is missing", "pointer": "#/subject"}, {"detail": "no", "header": "x"}]}"""
    error = of(body, 422, **{"retry-after": "7"})
    assert str(error) == "No. Look. #/subject: is missing; x: no."
    assert [mistake.place for mistake in error.errors] == ["#/subject", "x"]
    assert (error.retry_after, error.told.members) == (7.0, {"known": ["a"]})


def test_an_unknown_type_is_a_problem_all_the_same() -> None:
    error = of(b'{"type": "https://x.example/new", "title": "New", "status": 409}')
    assert type(error) is ProblemError
    assert (error.type, str(error)) == ("https://x.example/new", "New.")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b'{"type": 7, "title": ["x"], "errors": {"detail": 1}}',
     b'{"errors": [7, {"pointer": "#/a"}]}', b"\xff"],
)  # fmt: skip
def test_members_of_the_wrong_kind_are_ignored(body: bytes) -> None:
    error = of(body, 418)
    assert (type(error), error.status, error.errors) == (ProblemError, 418, ())
    assert str(error) == "the gateway refused with status 418."


@pytest.mark.parametrize("kind", ["text/html", "application/json", ""])
def test_of_what_is_no_problem_only_the_status_is_told(kind: str) -> None:
    answer = Response(502, {"content-type": kind}, b'{"title": "jan@example.nl was blocked"}')
    assert str(problem_of(answer, NOW)) == "the gateway refused with status 502."
