"""The number of a case leads to its request in a database of any collation."""

from __future__ import annotations

from uuid import UUID

import pytest

from avgate_gateway.case_number import beginning_of_id, case_number, ids_beginning_with

IDS = [
    "0197ab12-3c4d-4e5f-8a6b-7c8d9e0f1a2b",
    "00000000-0000-4000-8000-000000000000",
    "ffffffff-ffff-4fff-bfff-ffffffffffff",
]


def as_in_english(text: str) -> list[tuple[int, str]]:
    """As glibc compares in en_US and nl_NL: `~`, then `-`, then digits and letters."""
    return [("~-".find(sign) % 3, sign) for sign in text]


@pytest.mark.parametrize("request_id", IDS)
def test_what_it_leads_to_lies_between_two_ids_whichever_sign_comes_first(request_id: str) -> None:
    """Up to `~` nothing was found where a dash comes after that, as on a PostgreSQL that speaks English or Dutch."""
    digits = beginning_of_id(case_number(request_id))
    assert digits is not None
    first, last = ids_beginning_with(digits)
    assert {str(UUID(first)), str(UUID(last))} == {first, last}
    assert first <= request_id <= last
    assert as_in_english(first) <= as_in_english(request_id) <= as_in_english(last)


@pytest.mark.parametrize("request_id", IDS)
def test_a_whole_id_leads_to_itself(request_id: str) -> None:
    assert ids_beginning_with(request_id) == (request_id, request_id)
