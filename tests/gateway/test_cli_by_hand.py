"""`avgate request complete`: what its options say, and which of them are told before anybody is asked."""

from __future__ import annotations

from datetime import date

import pytest
import typer

from avgate_client import Kept
from avgate_gateway.cli.request.by_hand import _kept


def test_what_stays_is_said_with_both_its_day_and_its_ground() -> None:
    assert _kept(None, None) is None
    assert _kept("2027-06-30", "legal_claim") == Kept(ground="legal_claim", until=date(2027, 6, 30))


@pytest.mark.parametrize(
    ("until", "ground", "told"),
    [
        ("2027-06-30", None, "give both"),
        (None, "legal_claim", "give both"),
        ("2027-06-31", "legal_claim", "is a day, such as"),
        ("2027-06-30", "fraud_security", "is one of legal_duty"),
    ],
)
def test_what_says_nothing_is_told_at_once(
    until: str | None, ground: str | None, told: str
) -> None:
    with pytest.raises(typer.BadParameter, match=told):
        _kept(until, ground)
