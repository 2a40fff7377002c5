"""Level 5, fresh: the recordings are of the upstream as it is now.

None of these fails: a project must not turn red because a day has passed. What is not so is said,
and the level is not earned.
"""

from __future__ import annotations

import json

import pytest

from avgate_contracts.conformance import OLDEST
from avgate_contracts.connector import PROTOCOL
from avgate_contracts.kit.bench import bench_of
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.law import law

DRIFT = "drift.json"  # beside the recordings: what `avgate drift` found; a list of texts


class FreshLaws(Declared):
    """What holds while the recordings can be believed."""

    @law(5)
    def test_recordings_are_recent(self) -> None:
        bench = bench_of(type(self))
        moments = [bench.tape(story).meta.recorded_at for story in bench.stories]
        age = type(self).today() - min(moments)
        if age > OLDEST:
            pytest.skip(f"the oldest recording is {age.days} days old: avgate record")

    @law(5)
    def test_recordings_are_of_this_protocol(self) -> None:
        bench = bench_of(type(self))
        others = {bench.tape(story).meta.protocol for story in bench.stories} - {PROTOCOL}
        if others:
            pytest.skip(f"recorded under another protocol than {PROTOCOL}: avgate record")

    @law(5)
    def test_no_drift_is_known(self) -> None:
        path = bench_of(type(self)).folder / DRIFT
        known = json.loads(path.read_text("utf-8")) if path.exists() else []
        if known:
            pytest.skip(
                f"the upstream has changed in {len(known)} places: look, then avgate record"
            )
