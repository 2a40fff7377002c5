"""What is said of identity on the command line: once, and the same again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.request.identity import identity_given
from avgate_gateway.cli.request.submitting import Order, again

AT = datetime(2026, 1, 5, 10)  # noqa: DTZ001 -- as a command line gives it


def test_the_moment_that_is_given_is_in_utc() -> None:
    told = identity_given("portal", "jan", AT, is_repeatable=True)
    assert told is not None
    assert told.to_json()["verified_at"] == "2026-01-05T10:00:00+00:00"


def test_without_a_moment_it_is_now_in_whole_seconds() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    told = identity_given("portal", "jan", None, is_repeatable=False)
    assert told is not None
    assert before <= told.verified_at <= datetime.now(UTC)
    assert told.verified_at.microsecond == 0


@pytest.mark.parametrize(
    ("method", "by", "at", "says"),
    [
        ("portal", None, None, "belong together"),
        (None, "jan", None, "belong together"),
        (None, None, AT, "needs --identity-method"),
        ("portal", "jan", None, "--verified-at 20"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_what_to_do(
    method: str | None, by: str | None, at: datetime | None, says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        identity_given(method, by, at, is_repeatable=True)


def test_nothing_said_is_nothing_told() -> None:
    assert identity_given(None, None, None, is_repeatable=True) is None


def test_where_nobody_answered_the_options_are_told_that_make_it_the_same_request() -> None:
    told = identity_given("portal", "jan", AT, is_repeatable=True)
    assert told is not None
    order = Order({"identity": told.to_json()}, "k-1", wait=False, seconds=0, output=None)
    assert again(order) == "--key k-1 --verified-at 2026-01-05T10:00:00"
    assert again(Order({}, "k-1", wait=False, seconds=0, output=None)) == "--key k-1"
