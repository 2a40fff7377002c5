"""Every fault, on every call of every operation of every connector, against one table.

`make test` runs a few cases of each family for each connector, others with another
`AVGATE_FAULTS_SEED`; `make faults` runs all of them, and with `EVERY=10` one in ten.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from zlib import crc32

import pytest
from tests.thorough import IS_THOROUGH

from .cases import Case, Ended
from .conftest import Benches
from .expected import EXPECTED, FALSE_WORD, allowed
from .operations import OPERATIONS

EVERY = int(os.environ.get("AVGATE_FAULTS_EVERY", "0"))  # one in so many; 0: a few
SEED = os.environ.get("AVGATE_FAULTS_SEED", "0")
CASES = 3 if IS_THOROUGH else 2  # of a family and a connector, each of another operation
_BUFFERED = 16 * 1024 * 1024  # bytes that two sockets may hold, and far less than what is endless
_WELL = {"whole", "gone", "right", "scheduled", "pending", "erased", "rectified"}


@pytest.mark.parametrize("family", EXPECTED)
@pytest.mark.parametrize("connector", OPERATIONS)
def test_a_fault_comes_to_what_the_table_says(
    connector: str, family: str, benches: Benches
) -> None:
    wrong = [
        f"{name}: {case}: {trouble}"
        for name in elected([f"{connector}/{name}" for name in OPERATIONS[connector]], family)
        for case in chosen(name, [c for c in benches.of(name).cases() if c.fault.family == family])
        for trouble in troubles(name, case, benches.ended(name, case), benches)
    ]
    assert not wrong, "\n".join(wrong)


def elected(names: list[str], family: str) -> list[str]:
    """All operations, or the few whose turn it is."""
    return names if EVERY else sorted(names, key=lambda name: turn(name, family))[:CASES]


def chosen(name: str, cases: list[Case]) -> list[Case]:
    """One in so many cases, or the one whose turn it is."""
    if EVERY or not cases:
        return [case for case in cases if turn(name, str(case)) % EVERY == 0]
    return [min(cases, key=lambda case: turn(name, str(case)))]


def turn(*of: str) -> int:
    return crc32("/".join((SEED, *of)).encode())


def troubles(name: str, case: Case, ended: Ended, benches: Benches) -> Iterator[str]:
    """What is wrong with the way a case ended."""
    kind, writes = case.spot.kind, benches.of(name).operation.writes
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
    if case.fault.family != FALSE_WORD:
        yield from ended.wrong
