"""What every run of the tests begins with, whatever it runs."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Has the collector of garbage pass over what lives as long as the run: a tenth of all its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
