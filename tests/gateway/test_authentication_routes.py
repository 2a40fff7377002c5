"""What a route learns of its caller, and what a caller is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI

from avgate_gateway import problem
from avgate_gateway.authentication import (
    MEANINGS,
    Caller,
    Scope,
    install,
    requires,
)
from avgate_gateway.guard import Guard

from .tokens import (
    MARKER,
    THEIRS,
    token,
    verifier,
)


def application() -> FastAPI:
    app = FastAPI()
    problem.install(app)
    install(app, verifier())

    @app.get("/read")
    async def read(caller: Annotated[Caller, requires(Scope.READ)]) -> str:
        return caller.controller

    @app.get("/any")
    async def any_(caller: Annotated[Caller, requires()]) -> str:
        return caller.subject

    @app.get("/both")
    async def both(caller: Annotated[Caller, requires(Scope.READ, Scope.ADMIN)]) -> str:
        return caller.client_id

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Guard(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def test_a_route_learns_who_calls(client: httpx.AsyncClient) -> None:
    assert (await client.get("/read", headers=bearer(token()))).json() == "libervoice"
    assert (await client.get("/any", headers={"Authorization": f"bearer {token()}"})).is_success


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"X-Token": "x"}]
)
async def test_without_credentials_the_challenge_is_bare(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.get("/read", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["type"] == problem.CREDENTIALS_REQUIRED.uri


@pytest.mark.parametrize("forged", ["x", "a.b.c", token(key=THEIRS), token({"aud": MARKER})])
async def test_a_bad_token_is_told_why_without_being_shown(
    client: httpx.AsyncClient, forged: str
) -> None:
    response = await client.get("/read", headers=bearer(forged))
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')
    assert response.json()["type"] == problem.INVALID_TOKEN.uri
    assert MARKER not in response.text + str(response.headers)


async def test_a_missing_scope_is_named(client: httpx.AsyncClient) -> None:
    response = await client.get("/both", headers=bearer(token()))
    assert response.status_code == 403
    assert (
        response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="admin"'
    )
    assert response.json()["scope"] == "admin"


@pytest.mark.parametrize("held", [*Scope, None])
async def test_only_the_declared_scope_opens_a_route(
    client: httpx.AsyncClient, held: Scope | None
) -> None:
    response = await client.get("/read", headers=bearer(token({"scope": held or ""})))
    assert response.status_code == (200 if held is Scope.READ else 403)


async def test_a_token_in_the_address_is_no_credential(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/read?access_token={token()}")).status_code == 400
    assert (await client.get(f"/read?token={token()}")).status_code == 401


async def test_the_routes_themselves_refuse_two_tokens() -> None:
    transport = httpx.ASGITransport(application())
    twice = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")]
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/read", headers=twice)).status_code == 400


async def test_the_description_declares_what_each_route_needs(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert described["paths"]["/read"]["get"]["security"] == [{"bearer": ["requests:read"]}]
    assert described["paths"]["/both"]["get"]["security"] == [
        {"bearer": ["requests:read", "admin"]}
    ]
    assert described["components"]["securitySchemes"]["bearer"]["bearerFormat"] == "JWT"


def test_every_scope_has_a_sentence() -> None:
    assert set(MEANINGS) == set(Scope)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
