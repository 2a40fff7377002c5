"""What every run of the tests begins with, whatever it runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from .thorough import IS_THOROUGH

# How long an example takes is the machine's, and no test may fail because others are at work on it.
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=100 if IS_THOROUGH else 40,
)
settings.load_profile("unhurried")
gc.disable()  # until everything is collected: what is imported stays


# By name they would begin last, and take longer than all the others that are left by then.
_LONG = ("test_supply_chain.py", "test_tutorial.py", "test_mutants.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has long files begin first, so that no process works alone at the end."""
    items.sort(key=lambda item: item.path.name not in _LONG)


def pytest_collection_finish() -> None:
    """Has the collector of garbage pass over what lives as long as the run: a tenth of all its time."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 10, 20)


def pytest_sessionfinish() -> None:
    """Ends the PostgreSQL of this process of tests, if one of them started it."""
    if (cluster := sys.modules.get("tests.flow.cluster")) is not None:
        cluster.end_shared()


@pytest.fixture(scope="session", autouse=True)
def partners_plugins() -> Iterator[None]:
    """A pytest that a test begins loads what a partner has, and not what took it two seconds more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")
        yield
