"""The pytest plugin: counts what the suite's tests came to, and says which level was earned.

It does nothing in a project without a class derived from ConnectorContract, and imports nothing of
the SDK that takes time before it has seen such a class: pytest imports this in every project where
Avgate is installed.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.conformance import LEVELS

_EXEMPT = "exempt: "


def pytest_addoption(parser: pytest.Parser) -> None:
    """The kit's options."""
    group = parser.getgroup("avgate", "contract tests of Avgate connectors")
    group.addoption("--avgate-json", metavar="FILE", help="write conformance evidence to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the levels known as markers, as in `-m avgate_shape`, and begins to count."""
    for number, name in LEVELS.items():
        text = f"avgate_{name}: a test of level {number} of the connector contract suite"
        config.addinivalue_line("markers", text)
    config.pluginmanager.register(Gathering(config), "avgate-gathering")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Gives the report of a test of the suite all that the summary needs, also across processes."""
    report = yield
    law = getattr(getattr(item, "function", None), "avgate_law", None)
    suite: Any = getattr(item, "cls", None)
    if law is not None and suite is not None:
        report.sections = []  # hundreds of faulty calls are in the log; the message says which
        vars(report)["avgate"] = {"test": item.name, "about": suite.avgate_about()}
    return report


class Gathering:
    """The results of one session, class by class."""

    def __init__(self, config: pytest.Config) -> None:
        is_one_of_several = hasattr(config, "workerinput")  # only who started them has seen it all
        self._to_file: str | None = None if is_one_of_several else config.getoption("--avgate-json")
        self._found: dict[str, Any] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes a result: a test has passed if all its three phases have."""
        told = getattr(report, "avgate", None)
        if told is None:
            return
        suite = report.nodeid.rsplit("::", 1)[0]
        if suite not in self._found:
            kit = import_module("avgate_contracts.kit.findings")  # not before: see above
            self._found[suite] = kit.Findings(told["about"])
        findings = self._found[suite]
        before = findings.results.get(told["test"])
        if report.failed:
            findings.results[told["test"]] = "failed"
        elif report.skipped and before != "failed":
            why = _reason(report)
            findings.results[told["test"]] = "exempt" if why.startswith(_EXEMPT) else "skipped"
            findings.reasons[told["test"]] = why.removeprefix(_EXEMPT)
        elif report.when == "call" and before is None:
            findings.results[told["test"]] = "passed"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line for each connector, and one for each exemption."""
        if not self._found:
            return
        terminalreporter.section("Avgate connectors")
        for findings in self._found.values():
            for line in findings.lines():
                terminalreporter.write_line(line)

    def pytest_sessionfinish(self) -> None:
        """Writes the evidence, where there is any."""
        if self._to_file and self._found:
            told = [findings.told() for findings in self._found.values()]
            text = json.dumps({"connectors": told}, indent=2, sort_keys=True)
            Path(self._to_file).write_text(text + "\n", "utf-8")


def _reason(report: pytest.TestReport) -> str:
    told = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
    return told.removeprefix("Skipped: ")
