"""Where in a body or an address a mistake is, as the `errors` of a problem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from avgate_gateway.mistake import Mistake, mistakes


@dataclass(frozen=True, slots=True)
class Located:
    """One thing to correct.

    `member` is `pointer`, a JSON pointer as URI fragment into the body (RFC 9457 section 3),
    or `parameter` or `header`, followed by its name.
    """

    detail: str
    where: str
    member: str = "pointer"

    def members(self) -> dict[str, str]:
        """As it stands in the JSON."""
        return {"detail": self.detail, self.member: self.where}


def from_validation(error: ValidationError, model: type[BaseModel]) -> tuple[Located, ...]:
    """The `errors` for a body that a route validated by hand against `model`."""
    return tuple(_in_body(mistake) for mistake in mistakes(error.errors(include_url=False), model))


def located(errors: Iterable[ErrorDetails], route: object) -> tuple[Located, ...]:
    """The `errors` for what FastAPI found; its locations begin with where they were found."""
    return tuple(_one(error, route) for error in errors)


def _one(error: ErrorDetails, route: object) -> Located:
    source, *location = error["loc"] or ("body",)
    inner = error.copy()
    inner["loc"] = tuple(location)
    if source == "body":
        return _in_body(*mistakes([inner], _body_model(route)))
    return _in_parameter(inner, str(source), route)


def _in_body(mistake: Mistake) -> Located:
    return Located(mistake.detail, "#" + "".join(f"/{part}" for part in mistake.path))


def _in_parameter(error: ErrorDetails, source: str, route: object) -> Located:
    """A declared parameter is named; an unknown one only as far as `mistakes` allows it."""
    member = "header" if source in {"header", "cookie"} else "parameter"
    if error["type"] == "extra_forbidden":
        (mistake,) = mistakes([error], _query_model(route))
        return Located(mistake.detail, "", member)
    (mistake,) = mistakes([error], None)
    return Located(mistake.detail, str(next(iter(error["loc"]), "")), member)


def _body_model(route: object) -> object:
    if not isinstance(route, APIRoute) or route.body_field is None:
        return None
    return route.body_field.field_info.annotation


def _query_model(route: object) -> object:
    if not isinstance(route, APIRoute) or len(route.dependant.query_params) != 1:
        return None
    return route.dependant.query_params[0].field_info.annotation
