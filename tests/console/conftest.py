"""A served gateway with its mocks, and a browser in front of it, for each file that wants them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avgate_mocks.people import Person

from ..flow.conftest import begun
from ..flow.harness import Mocks, Served
from ..gateway.receiver import SECRET
from .browsing import Desk, browser

PEOPLE = 60
SEED = 17
# Nobody listens there.
TOLD = f"""
[controllers.libervoice.webhooks.crm]
url = "http://127.0.0.1:1024/avgate"
secret = "{SECRET}"
"""


@pytest.fixture(scope="module")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("console"), seed=SEED, people=PEOPLE)
    with made.config.open("a") as config:
        config.write(TOLD)
    yield made
    made.end()


@pytest.fixture(scope="module")
def desk(mocks: Mocks) -> Iterator[Desk]:
    served = Served(mocks.config.parent)
    served.start()
    with browser() as made:
        yield Desk(served, mocks, made)
    served.end()


@pytest.fixture(scope="module")
def people(mocks: Mocks) -> Iterator[Person]:
    """People of our controller whom both telephony systems know, one after the other."""
    known = mocks.truth(("operator", "xelion")).values()
    return iter(
        [
            one
            for one in mocks.everyone[12:]
            if one.controller == "libervoice"
            and one.emails
            and all(holds.get(one.id) for holds in known)
        ]
    )
