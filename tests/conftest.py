"""What every run of the tests begins with, whatever it runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's, and no test may fail because others are at work on it.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_collection_finish() -> None:
    """Has the collector of garbage pass over what lives as long as the run: a tenth of all its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)


@pytest.fixture(scope="session", autouse=True)
def partners_plugins() -> Iterator[None]:
    """A pytest that a test begins loads what a partner has, and not what took it two seconds more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")
        yield
