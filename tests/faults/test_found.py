"""What the table has found in our connectors once: these cases are run every time."""

from __future__ import annotations

import pytest

from .conftest import Benches
from .test_table import troubles

FOUND = (
    # A page served twice stood in the place of another, and the list was short without a word.
    ("operator/access", "the page before again", "/usage?", True),
    # A proxy's 404 was taken for the directory's: a listing that is shown counted as gone.
    ("directory/still_held", "404 of a stranger", "/listings/{id}", False),
    # And an order that had been placed was told as failed, for the listing had ended.
    ("directory/erase", "404 of a stranger", "/dldas/{id}", False),
    # An accepted erasure was given up, for the processor did not know it any more.
    ("subprocessors/confirm", "404 of a stranger", "/requests/{id}", False),
    # So it was where only the certificate was not there.
    ("subprocessors/confirm", "404 of a stranger", "/certificate.pem", False),
    # Somebody else's calls were left out one by one, and the subject's own with them.
    ("xelion/access", "another subject's answer", "/communications?from", False),
    # A processor that asked for an hour was asked again after a second.
    ("subprocessors/access", "503 for an hour", "POST", True),
    # "Locked" and "too early" were refusals, for a person to decide about.
    ("directory/rectify", "423", "POST", False),
    ("operator/access", "425", "/usage?", False),
)


@pytest.mark.parametrize(("name", "fault", "where", "always"), FOUND)
def test_what_was_found_stays_found(
    name: str, fault: str, where: str, always: bool, benches: Benches
) -> None:
    cases = [
        case
        for case in benches.of(name).cases()
        if case.fault.name == fault and where in case.spot.template and case.always == always
    ]
    assert cases
    for case in cases:
        assert list(troubles(name, case, benches.ended(name, case), benches)) == []
