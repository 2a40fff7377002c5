"""Who is given a token by the mock of Operator, and until when it is one."""

from __future__ import annotations

import pytest

from avgate_mocks.people import LIBERVOICE

from .operator_bench import (
    PARTY,
    PRODUCT,
    USAGE,
    Bench,
    token_of,
)


async def test_a_token_is_given_for_credentials_in_the_header_or_in_the_form(bench: Bench) -> None:
    credentials = {
        "client_id": LIBERVOICE,
        "client_secret": bench.world.secret("operator", LIBERVOICE),
    }
    answer = await bench.anyone.post(
        "/oauth2/token", data={"grant_type": "client_credentials", **credentials}
    )
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("grant", "secret", "status", "error"),
    [
        ("client_credentials", "wrong", 401, "invalid_client"),
        ("password", "wrong", 400, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_token_request_is_refused_as_oauth_says(
    bench: Bench, grant: str, secret: str, status: int, error: str
) -> None:
    answer = await bench.anyone.post(
        "/oauth2/token", data={"grant_type": grant}, auth=(LIBERVOICE, secret)
    )
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_without_a_token_nothing_is_shown_and_the_challenge_says_what_is_wanted(
    bench: Bench,
) -> None:
    for path in (PARTY, PRODUCT, USAGE):
        answer = await bench.anyone.get(path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_runs_out_after_five_minutes(bench: Bench) -> None:
    await bench.control("/_clock", {"advance_seconds": 299})
    assert (await bench.libervoice.get(PARTY)).status_code == 200
    await bench.control("/_clock", {"advance_seconds": 1})
    assert (await bench.libervoice.get(PARTY)).status_code == 401


async def test_a_token_that_a_fault_ends_stays_ended(bench: Bench) -> None:
    await bench.control("/_faults", {"rules": [{"fault": "token_expired"}]})
    assert [(await bench.libervoice.get(PARTY)).status_code for _ in range(2)] == [401, 401]


async def test_a_token_that_ran_out_is_never_given_again(bench: Bench) -> None:
    shared = bench.world
    first = await token_of(bench.anyone, shared, LIBERVOICE)
    await bench.control("/_faults", {"rules": [{"fault": "token_expired"}]})
    bearer = {"Authorization": f"Bearer {first}"}
    assert (await bench.anyone.get(PARTY, headers=bearer)).status_code == 401
    assert await token_of(bench.anyone, shared, LIBERVOICE) != first


async def test_a_token_request_without_a_grant_is_called_invalid(bench: Bench) -> None:
    answer = await bench.anyone.post("/oauth2/token", auth=(LIBERVOICE, "any"))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
