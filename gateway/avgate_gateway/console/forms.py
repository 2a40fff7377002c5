"""What a browser sends: a form's fields, and proof that it was one of our own."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

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
CSRF: Final = "csrf"
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


def check_comes_from_here(http: Request) -> None:
    """Raises ProblemError, 403, for a form that another site sends.

    A browser that does not say of which site a form is says of which host: `null` is what it says
    of our own pages, which ask it to tell nobody where somebody comes from.
    """
    site, origin = http.headers.get("sec-fetch-site"), http.headers.get("origin", "null")
    if site is not None and site not in _OURS:
        raise foreign()
    if site is None and origin != "null" and urlsplit(origin).netloc != http.headers.get("host"):
        raise foreign()


def is_certainly_ours(http: Request) -> bool:
    """Whether the browser itself says that a page of ours sent the form."""
    return http.headers.get("sec-fetch-site") == "same-origin"


def fits(staff: Staff, form: Form) -> bool:
    """Whether a form was made in this session: it carries what only our pages know."""
    return hmac.compare_digest(form.one(CSRF).encode(), staff.csrf.encode())


def foreign() -> ProblemError:
    """That a form is none of ours."""
    return ProblemError(Problem(ACCESS_REFUSED, "This form was not made by this page."))
