"""Every fault, on every call of every operation of every connector, against one table.

`make test` runs one case of each family for each operation, others with another
`AVGATE_FAULTS_SEED`; `make faults` runs all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from zlib import crc32

import pytest

from .cases import Case, Ended
from .conftest import Benches
from .expected import EXPECTED, allowed
from .operations import OPERATIONS

EVERYTHING = "AVGATE_FAULTS" in os.environ
SEED = os.environ.get("AVGATE_FAULTS_SEED", "0")
NAMES = [f"{connector}/{name}" for connector, every in OPERATIONS.items() for name in every]
_BUFFERED = 16 * 1024 * 1024  # bytes that two sockets may hold, and far less than what is endless
_WELL = {"whole", "gone", "right", "scheduled", "pending", "erased", "rectified"}


@pytest.mark.parametrize("family", EXPECTED)
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_comes_to_what_the_table_says(name: str, family: str, benches: Benches) -> None:
    writes = benches.of(name).operation.writes
    wrong = [
        f"{case}: {trouble}"
        for case in chosen([c for c in benches.of(name).cases() if c.fault.family == family])
        for trouble in troubles(name, case, benches.ended(name, case), writes=writes)
    ]
    assert not wrong, "\n".join(wrong)


def chosen(cases: list[Case]) -> list[Case]:
    """All, or the one whose turn it is."""
    if EVERYTHING or not cases:
        return cases
    return [min(cases, key=lambda case: crc32(f"{SEED}/{case}".encode()))]


def troubles(name: str, case: Case, ended: Ended, *, writes: bool) -> Iterator[str]:
    """What is wrong with the way a case ended."""
    kind = case.spot.kind
    words = allowed(name, case.fault.family, kind, always=case.always, writes=writes)
    if not ended.words <= words:
        yield f"{'+'.join(sorted(ended.words))} instead of {' or '.join(sorted(words))}"
    if not ended.healed <= _WELL:
        yield f"tried again in peace, it comes to {'+'.join(sorted(ended.healed))}"
    if case.fault.family == "endless" and ended.said > _BUFFERED * (1 + 5 * case.always):
        yield f"{ended.said} bytes were taken in"
    if "for long" in case.fault.family and ended.words == {"unavailable"}:
        longer = ended.after is not None and ended.after >= 3600
        if not longer:
            yield f"the upstream asked for an hour, and it is asked again after {ended.after}"
    yield from ended.wrong
