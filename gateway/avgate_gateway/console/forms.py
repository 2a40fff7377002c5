"""What a browser sends: a form's fields, and proof that it was one of our own."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from avgate_gateway.console.staff import Staff
from avgate_gateway.problem import (
    ACCESS_REFUSED,
    INVALID_CONTENT,
    Located,
    Problem,
    ProblemError,
)

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
_OURS = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were typed, without blanks at their ends."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def one(self, name: str) -> str:
        """The last value of a field, or nothing."""
        return self.fields.get(name, ("",))[-1]

    def all(self, name: str) -> list[str]:
        """The values of a field that may be chosen several times, without empty ones."""
        return [value for value in self.fields.get(name, ()) if value]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a form: with a field of it by name, or with all of it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    whole: Sequence[str] = ()


def beside(errors: Sequence[Located]) -> Wrong:
    """Each mistake beside the field of its name."""
    return Wrong({one.where.rpartition("/")[2]: one.detail for one in reversed(errors)})


async def read(http: Request) -> Form:
    """The form of a POST; raises ProblemError, 422, for what no form of ours sends."""
    body = await http.body()
    try:
        found = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise ProblemError(Problem(INVALID_CONTENT, "The form cannot be read.")) from None
    cleaned = {name: [value.strip() for value in values] for name, values in found.items()}
    if any("\x00" in value for values in cleaned.values() for value in values):
        raise ProblemError(Problem(INVALID_CONTENT, "The form holds what cannot be typed."))
    return Form(cleaned)


def check_is_ours(http: Request, staff: Staff, form: Form) -> None:
    """Raises ProblemError, 403, for a form that another site sends in somebody's name.

    Three things must fit, and each alone would do: where the browser says it comes from, the
    cookie that other sites' forms come without, and a value that only our pages know.
    """
    if http.headers.get("sec-fetch-site", "same-origin") not in _OURS:
        raise _foreign()
    if not hmac.compare_digest(form.one("csrf").encode(), staff.csrf.encode()):
        raise _foreign()


def _foreign() -> ProblemError:
    return ProblemError(Problem(ACCESS_REFUSED, "This form was not made by this page."))
