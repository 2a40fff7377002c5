"""Tries connectors against the suite, quickly: no pytest session, and recordings in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from avgate_contracts.kit import bench
from avgate_contracts.kit.commands.live import NotRecordedError, recorded
from avgate_contracts.kit.law import laws_of
from avgate_contracts.kit.story import stories_of
from avgate_contracts.kit.tape import save

from .linden import LindenContract


def suite_of(connector: type[Any], cassettes: Path | None = None, **more: Any) -> type[Any]:
    """What an author would have written for this connector."""
    own = {} if cassettes is None else {"cassettes": cassettes}
    attributes = {"connector": connector, "__module__": LindenContract.__module__, **own, **more}
    return type(f"Test{connector.__name__}", (LindenContract,), attributes)


def variants(suite: type[Any]) -> list[str]:
    """The names of all tests that a connector has to pass, without those about age."""
    return [v for law in laws_of(suite) if law.level < 5 for v in law.variants()]


def failing(suite: type[Any], tests: Iterable[str]) -> dict[str, str]:
    """Those of the tests that fail, and what the connector is told.

    Anything but a verdict of the suite itself goes through.
    """
    found = {}
    for variant in tests:
        name, _, case = variant.removesuffix("]").partition("[")
        try:
            getattr(suite(), name)(**({"case": case} if case else {}))
        except pytest.fail.Exception as verdict:
            found[variant] = str(verdict)
        except pytest.skip.Exception:
            continue
    bench._bench.cache_clear()  # hundreds of playings, with all that was logged in them
    return found


async def record(suite: type[Any], into: Path, stories: Sequence[str]) -> Sequence[str]:
    """Records stories as `avgate record` would; what kept it from that, if anything did."""
    problems: list[str] = []
    for story in stories:
        try:
            save(await recorded(suite, story, {}), into / f"{story}.yaml")
        except NotRecordedError as error:
            problems += str(error).splitlines()
        except Exception as error:  # noqa: BLE001 -- as `avgate record` does
            problems.append(f"{story}: {type(error).__name__}")
    return problems


def recorded_by_itself(
    connector: type[Any], into: Path, stories: Sequence[str] = (), **more: Any
) -> tuple[type[Any], Sequence[str]]:
    """A suite on recordings that the connector made itself, and what kept it from making them."""
    getattr(connector, "kept", {}).clear()
    suite = suite_of(connector, into, **more)
    return suite, asyncio.run(record(suite, into, stories or stories_of(connector)))
