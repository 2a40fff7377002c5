"""Two releases side by side finish each other's requests, whichever was started first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import avgate_gateway
from avgate_gateway.cli.exits import Exit
from avgate_gateway.store.migrations import HEAD

from .cluster import OWNER, as_account, shared
from .conftest import Casting
from .fleet import Fleet
from .harness import AVGATE, IDENTITY, Mocks, a_request, until
from .process import Process

MIGRATION = f'''"""What the next release adds."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.add_column("request", sa.Column("novelty", sa.String(20), nullable=True))
    op.add_column("task", sa.Column("novelty", sa.Integer, server_default="0", nullable=False))
'''
COLUMN = 'sa.Column("wake_at", Moment),'


@pytest.fixture(scope="module")
def next_release(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The gateway as its next release may be: with a migration, a number and a protocol more."""
    folder = tmp_path_factory.mktemp("next")
    package = Path(avgate_gateway.__file__).parent
    copy = shutil.copytree(package, folder / package.name)
    (copy / "store/migrations/versions/9999_novelty.py").write_text(MIGRATION)
    replaced(copy / "store/migrations/__init__.py", f'HEAD = "{HEAD}"', 'HEAD = "9999"')
    replaced(copy / "store/schema.py", COLUMN, f'{COLUMN} sa.Column("novelty", sa.String(20)),')
    replaced(copy / "leased.py", 'version("avgate")', '"99.0.0"')
    return str(folder)


def replaced(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.fixture
def fleet(mocks: Mocks, tmp_path: Path) -> Iterator[Fleet]:
    one_account = shared().empty()
    made = Fleet(shared(), mocks, tmp_path / "fleet", one_account)
    yield made
    made.end()


LONG = pytest.mark.skipif("AVGATE_LONG" not in os.environ, reason="longer: set AVGATE_LONG=1")


@pytest.mark.parametrize("newer_first", [True, pytest.param(False, marks=LONG)])
def test_work_at_every_stage_is_finished_by_the_other_release(
    fleet: Fleet, next_release: str, anyone: Casting, *, newer_first: bool
) -> None:
    paths = ["", next_release] if not newer_first else [next_release, ""]
    first, second = (fleet.serve(f"s{place}", PYTHONPATH=path) for place, path in enumerate(paths))
    fleet.ready()
    releases = {release for (release,) in fleet.ask("SELECT release FROM worker")}
    assert len(releases) == 2
    assert "99.0.0" in releases
    asks, there = (one.caller("libervoice", "portal") for one in (first, second))
    approves = second.caller("libervoice", "colleague")
    unidentified = asks.submit(a_request("access", anyone(), "directory", identity=None))["id"]
    planned = asks.submit(a_request("erase", anyone(runs=True), "directory", "operator"))["id"]
    asks.when(planned, "approval")
    first.process.end(9)
    digest = there.of(planned, "plan")["digest"]
    body = {"plan_digest": digest, "decision": "approve"}
    assert approves.post(f"/v1/requests/{planned}/approval", body).status_code == 200
    assert there.post(f"/v1/requests/{unidentified}/identity", IDENTITY).status_code == 200
    until(lambda: not fleet.unfinished([planned, unidentified]), 60)
    again = fleet.serve("again", PYTHONPATH=paths[0])  # and it starts again beside the other
    until(again.ready, 60)
    assert again.caller("libervoice", "portal").request(planned)["state"] in {"closed", "waiting"}
    assert "the chain is whole" in fleet.audited()


def as_release(path: str, fleet: Fleet, *words: str) -> tuple[int, str]:
    """How a command of another release ends, and what it says."""
    log = fleet.folder / f"{words[0]}.log"
    process = Process([*AVGATE, *words], fleet.folder, log, {"PYTHONPATH": path}, is_cold=True)
    process.start()
    return process.ended(), log.read_text()


def test_with_two_accounts_the_owner_migrates_while_the_release_before_goes_on(
    mocks: Mocks, tmp_path: Path, next_release: str, anyone: Casting
) -> None:
    fleet = Fleet(shared(), mocks, tmp_path / "fleet")
    try:
        asks = fleet.serve("before").caller("libervoice", "portal")
        fleet.ready()
        person = anyone(runs=True, held_by=("directory",))
        planned = asks.submit(a_request("erase", person, "directory"))["id"]
        asks.when(planned, "approval")
        code, told = as_release(next_release, fleet, "work")
        assert (code, "avgate migrate --owner" in told) == (Exit.USAGE, True), told
        owner = as_account(OWNER, fleet.url)
        code, told = as_release(next_release, fleet, "migrate", "--owner", owner)
        assert code == Exit.DONE, told
        after = fleet.serve("after", PYTHONPATH=next_release)
        fleet.ready()
        body = {"plan_digest": asks.of(planned, "plan")["digest"], "decision": "approve"}
        approves = after.caller("libervoice", "colleague")
        assert approves.post(f"/v1/requests/{planned}/approval", body).status_code == 200
        until(lambda: not fleet.unfinished([planned]), 60)
        access = asks.submit(a_request("access", anyone(), "directory"))["id"]
        until(lambda: not fleet.unfinished([access]), 60)
        assert "the chain is whole" in fleet.audited()
    finally:
        fleet.end()
