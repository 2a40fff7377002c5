from __future__ import annotations

import inspect

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from avgate_contracts import (
    ConnectorError,
    InvalidIdentifierError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    errors,
)

EVERY = [
    c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_every_error_has_the_one_base(error: type[Exception]) -> None:
    assert issubclass(error, ConnectorError)


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_every_error_is_in_the_tree_on_top_of_its_module(error: type[Exception]) -> None:
    assert error.__name__ in (errors.__doc__ or "")


def test_an_unavailable_upstream_may_say_how_long_it_takes() -> None:
    assert UnavailableError("later", after=3.0).after == 3.0
    assert UnavailableError("later").after is None


def test_nothing_found_is_a_refusal_with_its_status() -> None:
    error = NotFoundError("no such thing", status=404)
    assert isinstance(error, RefusedError)
    assert error.status == 404


def test_a_validator_of_pydantic_may_raise_an_invalid_identifier() -> None:
    class Model(BaseModel):
        value: str

        @field_validator("value")
        @classmethod
        def refuse(cls, value: str) -> str:
            raise InvalidIdentifierError(f"not like this: {len(value)}")

    with pytest.raises(ValidationError, match="not like this"):
        Model(value="x")
