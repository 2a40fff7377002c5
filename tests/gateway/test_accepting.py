"""Which form of the register a caller gets, by what it accepts."""

import pytest

from avgate_gateway.api.accepting import wants_csv
from avgate_gateway.problem import NOT_ACCEPTABLE, ProblemError


@pytest.mark.parametrize(
    ("accept", "csv"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/*", False),
        ("text/csv", True),
        ("text/*", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/html, text/csv, */*;q=0.1", True),
        ("text/csv, application/json", True),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv;q=0, */*", False),
    ],
)
def test_the_form_is_the_one_that_is_wanted_most(accept: str | None, csv: bool) -> None:
    assert wants_csv(accept) is csv


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "application/xml;q=0.9", "*/*;q=0", "nonsense"]
)
def test_a_form_that_there_is_not_is_refused(accept: str) -> None:
    with pytest.raises(ProblemError) as told:
        wants_csv(accept)
    assert told.value.problem.type == NOT_ACCEPTABLE
