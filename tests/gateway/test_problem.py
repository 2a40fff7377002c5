"""Every error is a problem of a known type, says what to do, and repeats nothing that was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from avgate_contracts import errors as contract_errors
from avgate_gateway import problem
from avgate_gateway.guard import Guard
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.problem import Problem, ProblemError

MARKER = "jan.jansen@example.org"


class Kind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Identifier(Model):
    kind: Kind
    value: str = Field(max_length=10)

    @field_validator("value")
    @classmethod
    def _known(cls, value: str) -> str:
        match value:
            case "ours":
                raise WrongValueError("must be somebody else's")
            case "contract":
                raise contract_errors.InvalidIdentifierError("a phone has digits")
            case "foreign":
                raise ValueError(f"{MARKER} is bad")
        return value


class Cat(Model):
    sort: Literal["cat"]
    lives: int


class Dog(Model):
    sort: Literal["dog"]


class Body(Model):
    operation: Kind
    identifiers: list[Identifier] = Field(default_factory=list)
    pet: Annotated[Cat | Dog, Field(discriminator="sort")] | None = None
    either: Cat | list[int] | None = None
    labels: dict[str, int] = Field(default_factory=dict)
    given_name: str | None = Field(None, alias="givenName")


class Filter(Model):
    limit: int = Field(5, ge=1, le=100)


def application() -> FastAPI:
    app = FastAPI()
    problem.install(app)

    @app.post("/body")
    async def body(body: Body) -> None:
        return None

    @app.get("/list")
    async def listing(filter_: Annotated[Filter, Query()]) -> None:
        return None

    @app.get("/item/{number}")
    async def item(number: int, x_count: Annotated[int, Header()] = 0, page: int = 1) -> None:
        return None

    @app.get("/raised")
    async def raised() -> None:
        raise ProblemError(Problem(problem.NOT_READY, "It runs.", headers={"Retry-After": "7"}))

    @app.get("/refused/{status}")
    async def refused(status: int) -> None:
        raise HTTPException(status, detail=MARKER, headers={"X-Secret": MARKER, "Retry-After": "3"})

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(MARKER)

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Guard(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def errors_for(client: httpx.AsyncClient, body: Any) -> list[tuple[str, str]]:
    response = await client.post("/body", json=body)
    assert response.status_code == 422, response.text
    return [(one["pointer"], one["detail"]) for one in response.json()["errors"]]


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
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/broken")
    assert (response.status_code, response.json()["type"]) == (500, problem.INTERNAL_ERROR.uri)
    assert "RuntimeError" not in response.text
    assert MARKER not in response.text
    assert "error=RuntimeError" in caplog.text
    assert f"{__name__.split('.')[-1]}.py" in caplog.text
    assert MARKER not in caplog.text


def test_the_log_names_causes_by_type_alone(caplog: pytest.LogCaptureFixture) -> None:
    error = RuntimeError(MARKER)
    error.__cause__ = KeyError(MARKER)
    problem.record(error)
    assert "RuntimeError from KeyError" in caplog.text
    assert MARKER not in caplog.text


VALID = {"operation": "phone"}
POINTERS: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "nothing at all": (None, [("#", "is required")]),
    "a list": ([], [("#", "must be an object")]),
    "a missing member": ({}, [("#/operation", "is required")]),
    "a wrong word": (
        {"operation": MARKER},
        [("#/operation", "must be one of 'phone' or 'email'")],
    ),
    "inside a list": (
        {**VALID, "identifiers": [{"kind": "phone", "value": "1"}, {"kind": "phone", "value": 7}]},
        [("#/identifiers/1/value", "must be text")],
    ),
    "too long": (
        {**VALID, "identifiers": [{"kind": "phone", "value": "1" * 11}]},
        [("#/identifiers/0/value", "must be at most 10 characters long")],
    ),
    "our own rule": (
        {**VALID, "identifiers": [{"kind": "phone", "value": "ours"}]},
        [("#/identifiers/0/value", "must be somebody else's")],
    ),
    "the contract's rule": (
        {**VALID, "identifiers": [{"kind": "phone", "value": "contract"}]},
        [("#/identifiers/0/value", "a phone has digits")],
    ),
    "a rule whose words are not ours": (
        {**VALID, "identifiers": [{"kind": "phone", "value": "foreign"}]},
        [("#/identifiers/0/value", "is not valid")],
    ),
    "the name of a union's member is left out": (
        {**VALID, "pet": {"sort": "cat", "lives": "x"}},
        [("#/pet/lives", "must be a whole number")],
    ),
    "an unknown member of a union": (
        {**VALID, "pet": {"sort": MARKER}},
        [("#/pet", "must name one of 'cat', 'dog'")],
    ),
    "an alias": ({**VALID, "givenName": 7}, [("#/givenName", "must be text")]),
    "below the key of a mapping": (
        {**VALID, "labels": {"jansen": MARKER}},
        [("#/labels", "must be a whole number")],
    ),
    "a misspelt name": (
        {**VALID, "identifers": []},
        [("#", "identifers is not a known field; did you mean identifiers?")],
    ),
    "an unknown name that could be a person's": (
        {**VALID, "pet": {"sort": "dog", "jansen": 1}},
        [("#/pet", "holds an unknown field; known here: sort, lives")],
    ),
    "a misspelt name that is not written like ours": (
        {**VALID, "Operation": "phone"},
        [
            (
                "#",
                "holds an unknown field; known here: operation, identifiers, pet, either, labels, givenName",
            )
        ],
    ),
}


@pytest.mark.parametrize(("body", "expected"), POINTERS.values(), ids=POINTERS)
async def test_says_where_it_is_wrong_and_what_is_expected(
    client: httpx.AsyncClient, body: Any, expected: list[tuple[str, str]]
) -> None:
    assert await errors_for(client, body) == expected


async def test_names_every_mistake_at_once(client: httpx.AsyncClient) -> None:
    response = await client.post("/body", json={"identifiers": [{}], "either": "x"})
    assert response.json()["detail"].startswith("5 things are to be corrected.")
    assert {one["pointer"] for one in response.json()["errors"]} == {
        "#/operation",
        "#/identifiers/0/kind",
        "#/identifiers/0/value",
        "#/either",
    }


@pytest.mark.parametrize(
    ("address", "headers", "expected"),
    [
        ("/list?limit=0", {}, {"parameter": "limit", "detail": "must be at least 1"}),
        ("/list?limit=x", {}, {"parameter": "limit", "detail": "must be a whole number"}),
        (
            "/list?limt=1",
            {},
            {"parameter": "", "detail": "limt is not a known field; did you mean limit?"},
        ),
        (
            f"/list?{MARKER}=1",
            {},
            {"parameter": "", "detail": "holds an unknown field; known here: limit"},
        ),
        (f"/item/{MARKER}", {}, {"parameter": "number", "detail": "must be a whole number"}),
        (f"/item/1?page={MARKER}", {}, {"parameter": "page", "detail": "must be a whole number"}),
        (
            "/item/1",
            {"X-Count": MARKER},
            {"header": "x-count", "detail": "must be a whole number"},
        ),
    ],
)
async def test_says_which_parameter_is_wrong(
    client: httpx.AsyncClient, address: str, headers: dict[str, str], expected: dict[str, str]
) -> None:
    response = await client.get(address, headers=headers)
    assert response.json()["type"] == problem.INVALID_PARAMETER.uri
    assert response.json()["errors"] == [expected]
    assert MARKER not in response.text


@pytest.mark.parametrize(
    "body",
    [
        {"operation": MARKER},
        {MARKER: 1},
        {**VALID, "labels": {MARKER: MARKER}},
        {**VALID, "identifiers": [{"kind": MARKER, "value": {MARKER: MARKER}, MARKER: MARKER}]},
        {**VALID, "pet": {"sort": MARKER, MARKER: 1}},
        {**VALID, "either": {MARKER: MARKER}},
        MARKER,
        [MARKER],
    ],
)
async def test_never_repeats_what_was_sent(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, body: Any
) -> None:
    response = await client.post("/body", json=body)
    assert response.status_code == 422
    assert MARKER not in response.text + str(response.headers) + caplog.text


def test_a_body_that_a_route_validates_by_hand_is_explained_alike() -> None:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"operation": MARKER, "identifiers": [{}]})
    found = problem.from_validation(caught.value, Body)
    assert [one.where for one in found] == [
        "#/operation",
        "#/identifiers/0/kind",
        "#/identifiers/0/value",
    ]
