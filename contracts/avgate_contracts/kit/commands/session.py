"""`python -m` this is `pytest`, begun faster: what `avgate test` runs in a process of its own."""

from __future__ import annotations

import gc
import sys

import pytest

# Imported before pytest could rewrite its assertions: there are none, and without a cache of its
# own, which would lie in the author's project, that took longer than many a connector's tests.
import avgate_contracts.kit.contract  # noqa: F401 -- above

_SELDOM = 50_000  # objects more, until what can go is looked for: this process lives for seconds


class _Brief:
    """Keeps another plugin, where it is installed, from being imported to say that it had nothing to do."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Before the summary, in which that plugin imports its whole library."""
        plugins = session.config.pluginmanager
        idle = plugins.get_plugin("hypothesispytest")
        if idle is not None and "hypothesis" not in sys.modules:
            plugins.unregister(idle)


def main() -> int:
    """The exit code of pytest."""
    gc.freeze()
    gc.set_threshold(_SELDOM)
    options = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return pytest.main([*options, *sys.argv[1:]], plugins=[_Brief()])


if __name__ == "__main__":
    sys.exit(main())
