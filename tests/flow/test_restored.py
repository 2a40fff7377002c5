"""A backup is restored: what was done upstream since stays done, and is not done twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from avgate_gateway.authentication import Scope
from avgate_mocks.people import Person

from .conftest import CONNECTORS, begun
from .harness import Mocks, Office, Served, a_request, command, until
from .telling import staying


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("restored"), seed=31, people=40)
    yield made
    made.end()


@pytest.fixture
def served(own: Mocks) -> Iterator[Served]:
    made = Served(own.config.parent)
    made.start()
    yield made
    made.end()


def backed_up(folder: Path) -> Path:
    """As the manual says, while it runs."""
    made = folder / "backup.db"
    for one in (made, folder / "backup.db.key"):
        one.unlink(missing_ok=True)
    code, told = command(folder, "backup", made.name, "--config", "avgate.toml")
    assert code == 0, told
    return made


def restored(folder: Path, backup: Path, *more: str) -> str:
    for name in ("avgate.db", "avgate.db-wal", "avgate.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(backup, folder / "avgate.db")
    shutil.copy(f"{backup}.key", folder / "avgate.db.key")
    code, told = command(folder, "serve", "--config", "avgate.toml", "--port", "0")
    assert code != 0
    assert "restored, cut or exchanged" in told
    code, told = command(folder, "audit", "acknowledge", "--config", "avgate.toml", *more)
    assert code == 0, told
    return told


def staffed(served: Served) -> Office:
    asks, approves = (served.caller("libervoice", client) for client in ("portal", "second"))
    return Office(asks, approves)


def test_what_was_open_in_a_backup_is_carried_on_and_what_came_after_is_asked_again(
    own: Mocks, served: Served
) -> None:
    people = iter([p for p in own.everyone[12:] if p.controller == "libervoice"])
    known, late = next(people), next(people)
    office = staffed(served)
    request_id, plan = office.planned(a_request("erase", known))
    backup = backed_up(own.config.parent)
    office.approve(request_id, plan["digest"])
    office.see_through(request_id)
    after = office.asks.submit(a_request("access", late), key="after-the-backup")
    office.asks.when_ended(after["id"])
    holds = {name: own.holds(name)[known.id] for name in CONNECTORS}
    served.end()

    restored(own.config.parent, backup)
    served.start()
    office = staffed(served)
    shown = office.asks.when(request_id, "approval")
    office.see_through(request_id)
    again = office.asks.submit(a_request("access", late), key="after-the-backup")

    assert shown["waiting_for"] == "approval"
    assert not own.twice(known.id)
    check(own, office.asks.report(request_id), known, holds)
    assert again["id"] != after["id"]
    assert office.asks.when_ended(again["id"])["state"] == "closed"


def test_nothing_is_begun_after_a_restore_where_all_was_paused_until_each_is_resumed(
    own: Mocks, served: Served
) -> None:
    person = [p for p in own.everyone[12:] if p.controller == "libervoice"][-1]
    office = staffed(served)
    backup = backed_up(own.config.parent)
    office.asks.when_ended(office.asks.submit(a_request("access", person), key="since")["id"])
    served.end()

    told = restored(own.config.parent, backup, "--pause", "restored to noon")
    served.start()
    office = staffed(served)
    chief = served.caller("libervoice", "chief", (Scope.ADMIN, Scope.READ))
    again = office.asks.submit(a_request("access", person), key="since")["id"]
    until(lambda: "is paused by avgate audit acknowledge" in str(office.asks.request(again)), 60)
    assert {one["outcome"] for one in office.asks.report(again)} == {"pending"}
    for name in CONNECTORS:
        assert f"{name} of libervoice" in told
        assert chief.post(f"/v1/connectors/{name}/resume", {}).status_code == 200

    assert office.asks.when_ended(again)["state"] == "closed"
    code, told = command(own.config.parent, "audit", "verify", "--config", "avgate.toml")
    assert code == 0, told


def check(
    own: Mocks, report: list[dict[str, object]], person: Person, holds: Mapping[str, object]
) -> None:
    assert not {line["outcome"] for line in report} & {"failed", "unknown", "pending"}
    for name in CONNECTORS:
        assert own.holds(name)[person.id] == holds[name] == staying(report, name), name
