"""What is told is looked at as an operator sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avgate_gateway.logs.rendering import formatter


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log, of which `text` is what a machine reads on standard error."""
    before = caplog.handler.formatter
    caplog.handler.setFormatter(formatter(json=True))
    yield caplog
    caplog.handler.setFormatter(before)
