"""Which failures are worth another try, and when: a table."""

from __future__ import annotations

import pytest

from avgate_client.errors import ProblemError, Told
from avgate_client.problems import KINDS
from avgate_client.retrying import Patience, backoff, no_answer, pause, refused

from .scripted import PROBLEMS

PATIENCE = Patience(attempts=3, longest_wait=10.0)


def said(status: int, after: float | None = None, slug: str = "x") -> ProblemError:
    kind = KINDS.get(PROBLEMS + slug, ProblemError)
    return kind(Told(PROBLEMS + slug, "T", status, retry_after=after))


@pytest.mark.parametrize(
    ("failure", "repeatable", "waits"),
    [
        (no_answer(is_lost=False), False, 0.5),  # nothing left us, so anything may be sent again
        (no_answer(is_lost=True), True, 0.5),
        (no_answer(is_lost=True), False, None),
        (refused(said(429)), False, 0.5),  # refused unread
        (refused(said(429, 4.0)), False, 4.0),
        (refused(said(429, 10.5)), True, None),  # longer than we wait
        (refused(said(503, 2.0)), True, 2.0),
        (refused(said(503, 2.0)), False, None),  # a proxy says it too, after it has sent the call
        (refused(said(500)), True, 0.5),
        (refused(said(502)), True, 0.5),
        (refused(said(504)), True, 0.5),
        (refused(said(504)), False, None),
        (refused(said(408)), True, 0.5),
        (refused(said(409, 1.0, "idempotency-key-in-use")), True, 1.0),
        (refused(said(409, 1.0, "not-ready")), True, None),  # it is the caller's to wait for
        (refused(said(409)), True, None),
        (refused(said(400)), True, None),
        (refused(said(401)), True, None),
        (refused(said(501)), True, None),
    ],
)
def test_the_first_try_is_followed_by(
    failure: object, repeatable: bool, waits: float | None
) -> None:
    assert pause(failure, 1, PATIENCE, repeatable=repeatable, chance=1.0) == waits  # type: ignore[arg-type] # one of several kinds


def test_the_last_try_is_the_last() -> None:
    failure = no_answer(is_lost=False)
    assert pause(failure, 2, PATIENCE, repeatable=True, chance=0.0) == 0.5
    assert pause(failure, 3, PATIENCE, repeatable=True, chance=0.0) is None


def test_waits_grow_to_the_longest_and_never_beyond() -> None:
    assert [backoff(n, 4.0, 1.0) for n in (1, 2, 3, 4, 5, 5000)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert backoff(3, 4.0, 0.0) == 1.0
