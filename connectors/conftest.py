"""A cassette is recorded on purpose only: a test that lacks its own fails unless told `--record`."""  # noqa: INP001 -- a folder of projects is no package

from __future__ import annotations

from collections.abc import Generator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="record from the mocks the cassettes that are missing"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fails a test that made a cassette unasked, and takes away what it made."""
    folder = item.path.with_name("cassettes")
    before = set(folder.glob("*.yaml"))
    result = yield
    made = sorted(set(folder.glob("*.yaml")) - before)
    if not made or item.config.getoption("--record"):
        return result
    for cassette in made:
        cassette.unlink()
    names = ", ".join(cassette.name for cassette in made)
    pytest.fail(f"there is no cassette {names}; `--record` makes it from the mock", pytrace=False)
