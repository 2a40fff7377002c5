"""One set of mocks and one gateway for most tests, and enough people that each is used once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from avgate_mocks.people import UPSTREAMS, Person
from avgate_mocks.world import world

from .cluster import as_asked
from .harness import Caller, Mocks, Office, Served
from .process import Process

SEED, PEOPLE = 11, 240


CONNECTORS = UPSTREAMS  # each has a connector of ours


@pytest.fixture(scope="session")
def connectors() -> tuple[str, ...]:
    return CONNECTORS


def begun(folder: Path, *more: str, seed: int = SEED, people: int = PEOPLE) -> Mocks:
    """Mocks in a folder, and a gateway config beside them."""
    config = folder / "avgate.toml"
    arguments = ["--port-base", "0", "--seed", str(seed), "--people", str(people)]
    command = [sys.executable, "-m", "avgate_mocks", *arguments, "--write-config", str(config)]
    process = Process([*command, *more], folder, folder / "mocks.log")
    mocks = Mocks(process, config, world(seed=seed, count=people).people)
    mocks.start()
    config.write_text(as_asked(config.read_text()))
    return mocks


@pytest.fixture(scope="session")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("gateway"))
    yield made
    made.end()


@pytest.fixture(scope="session")
def served(mocks: Mocks) -> Iterator[Served]:
    made = Served(mocks.config.parent)
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="session")
def office(served: Served) -> Office:
    return Office(served.caller("libervoice", "portal"), served.caller("libervoice", "colleague"))


@pytest.fixture(scope="session")
def asks(office: Office) -> Caller:
    return office.asks


@pytest.fixture(scope="session")
def stranger(served: Served) -> Caller:
    """A client of the other controller, with every right."""
    return served.caller("mister-voip", "portal")


Casting = Callable[..., Person]


@pytest.fixture(scope="session")
def anyone(mocks: Mocks) -> Casting:
    """Gives a person whom no other test has had: `anyone()`, `anyone(runs=False)`.

    Who it is depends on which tests ran before: one that needs somebody in print asks for
    `held_by=("directory",)`, one person in ten chose not to be.

    Those with the fewest addresses come first, so that a test which needs two finds somebody whatever ran before it.
    """
    fresh = sorted(mocks.everyone[12:], key=lambda one: len(one.emails))
    day = world(seed=SEED, count=12).as_of

    def person(
        *,
        controller: str = "libervoice",
        runs: bool | None = None,
        long_gone: bool = False,
        emails: int = 0,
        held_by: Collection[str] = (),
    ) -> Person:
        truth = mocks.truth(held_by).values()
        for one in fresh:
            gone = one.contract.end is not None and (day - one.contract.end).days > 2600
            fits = (runs is None or one.runs(day) == runs) and len(one.emails) >= emails
            fits = fits and all(holds.get(one.id) for holds in truth)
            if one.controller == controller and fits and gone == long_gone:
                fresh.remove(one)
                return one
        pytest.fail("every such person was used: invent more")

    return person


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """No planted fault outlives its test."""
    yield
    if "mocks" in request.fixturenames:
        for name in request.getfixturevalue("mocks").addresses:
            request.getfixturevalue("mocks").plant(name, mood="none")
