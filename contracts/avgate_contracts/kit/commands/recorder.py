"""A pytest plugin that records instead of testing; loaded by `avgate record` alone.

Only pytest can import a test class as its project wants it imported.
"""

from __future__ import annotations

import asyncio
import json
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.kit.clock import run
from avgate_contracts.kit.commands.live import NotRecordedError, recorded
from avgate_contracts.kit.commands.retelling import retold
from avgate_contracts.kit.declared import Declared, folder_of, lacking
from avgate_contracts.kit.story import stories_of
from avgate_contracts.kit.tape import save

INDEX, PROBLEMS, BEGUN = "index.json", "problems.txt", "begun"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the recordings go, and what to speak to."""
    group = parser.getgroup("avgate", "contract tests of Avgate connectors")
    group.addoption("--avgate-tapes", metavar="DIR", help="record into DIR, and test nothing")
    group.addoption("--avgate-settings", metavar="FILE", help="settings for recording, TOML")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Records every story of every class that was collected; a class's recordings go together."""
    if session.testsfailed:
        raise session.Interrupted("there are errors in the tests")
    into = Path(session.config.getoption("--avgate-tapes"))
    over = _settings(session.config.getoption("--avgate-settings"))
    index: dict[str, str] = {}
    problems: list[str] = []
    for number, suite in enumerate(_suites(session)):
        index[str(number)] = str(folder_of(suite))
        problems += _record(suite, into / str(number), over)
    (into / INDEX).write_text(json.dumps(index), "utf-8")
    (into / PROBLEMS).write_text("\n".join(problems), "utf-8")
    session.testsfailed = len(problems)
    return True


def _record(suite: type[Declared], into: Path, over: dict[str, Any]) -> list[str]:
    """Every story of a class; what kept one from being recorded."""
    missing = lacking(suite)
    if missing:
        return [f"{suite.__name__} still lacks {', '.join(missing)}"]
    problems: list[str] = []
    for story in stories_of(suite.connector):
        try:
            tape = asyncio.run(recorded(suite, story, over))
            save(run(retold(suite, tape)), into / f"{story}.yaml")
        except NotRecordedError as error:
            problems += str(error).splitlines()
            if error.begun is not None:
                save(error.begun, into / BEGUN / f"{story}.yaml")
                if not error.begun.interactions:
                    break  # nobody answers: so it will be with the others
        except Exception as error:  # noqa: BLE001 -- its message may name a person
            problems.append(f"{story}: {type(error).__name__} {_where(error)}")
    return problems


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"at {Path(last.filename).name}:{last.lineno}"


def _suites(session: pytest.Session) -> Iterator[type[Declared]]:
    found = dict.fromkeys(getattr(item, "cls", None) for item in session.items)
    yield from (kind for kind in found if kind is not None and issubclass(kind, Declared))


def _settings(file: str | None) -> dict[str, Any]:
    return {} if file is None else tomllib.loads(Path(file).read_text("utf-8"))
