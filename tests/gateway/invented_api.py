"""An API with a mistake in every corner."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import httpx
from fastapi import FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from avgate_gateway import problem
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


async def errors_for(client: httpx.AsyncClient, body: Any) -> list[tuple[str, str]]:
    response = await client.post("/body", json=body)
    assert response.status_code == 422, response.text
    return [(one["pointer"], one["detail"]) for one in response.json()["errors"]]
