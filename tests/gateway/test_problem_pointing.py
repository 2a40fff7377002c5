"""What is to be corrected is pointed at, and never repeated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from avgate_gateway import problem
from avgate_gateway.guard import Guard

from .invented_api import (
    MARKER,
    Body,
    application,
    errors_for,
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Guard(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


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
    client: httpx.AsyncClient, lines: pytest.LogCaptureFixture, body: Any
) -> None:
    response = await client.post("/body", json=body)
    assert response.status_code == 422
    assert MARKER not in response.text + str(response.headers) + lines.text


def test_a_body_that_a_route_validates_by_hand_is_explained_alike() -> None:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"operation": MARKER, "identifiers": [{}]})
    found = problem.from_validation(caught.value, Body)
    assert [one.where for one in found] == [
        "#/operation",
        "#/identifiers/0/kind",
        "#/identifiers/0/value",
    ]
