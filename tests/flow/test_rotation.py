"""A new master key is taken into use under load: nothing fails, and the old one opens nothing more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from avgate_gateway import key_sources, opening
from avgate_gateway.keyring import KeyRing, MasterKey
from avgate_gateway.settings import load
from avgate_gateway.store import encrypted_file
from avgate_gateway.vault import SUBJECT_KEY, Vault, VaultError
from avgate_mocks.people import Person

from .cluster import in_postgresql
from .conftest import begun
from .harness import JsonMap, Mocks, Office, Served, a_request, command, until
from .sealed_file import file_opened

LIBERVOICE = '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("rotation"), seed=37, people=60)
    yield made
    made.end()


@pytest.fixture
def served(own: Mocks) -> Iterator[Served]:
    made = Served(own.config.parent)
    made.start()
    yield made
    made.end()


def _is_told(served: Served, words: str) -> bool:
    return words in served.log()


def said(folder: Path, *words: str) -> str:
    code, told = command(folder, *words, "--config", "avgate.toml")
    assert code == 0, told
    return told


def keep_asking(office: Office, person: Person, stop: Event) -> list[JsonMap]:
    """Submits one request after the other, and sees each through, until it is told to stop."""
    done: list[JsonMap] = []
    for number in count():
        if stop.is_set() and number >= 2:
            return done
        asked = office.asks.submit(a_request("access", person), key=f"{person.id}-{number}")
        ended = office.asks.when_ended(asked["id"])
        package = office.asks.http.get(f"/v1/requests/{asked['id']}/package")
        assert package.status_code == 200, package.text
        done.append(ended)
    raise AssertionError


def wrapped(folder: Path) -> dict[str, bytes]:
    with file_opened(folder) as db:
        rows = db.execute("SELECT id, subject_key FROM request WHERE subject_key IS NOT NULL")
        return dict(rows.fetchall())


def test_keys_change_under_load_and_the_old_one_opens_nothing_afterwards(
    own: Mocks, served: Served
) -> None:
    folder = own.config.parent
    people = [one for one in own.everyone[12:] if one.controller == "libervoice"]
    office = Office(served.caller("libervoice", "portal"), served.caller("libervoice", "second"))
    planned = [office.planned(a_request("erase", person)) for person in people[:2]]
    first = office.asks.submit(a_request("access", people[2]), key="before")
    office.asks.when_ended(first["id"])
    [old] = key_sources.from_file(folder / "avgate.key")
    kept = (folder / "avgate.key").read_bytes()
    before = wrapped(folder)
    stop = Event()
    with ThreadPoolExecutor(3) as pool:
        asking: list[Future[list[JsonMap]]] = [
            pool.submit(keep_asking, office, person, stop) for person in people[3:6]
        ]
        try:
            for _ in range(2):
                said(folder, "keys", "rotate")
                newest = key_sources.from_file(folder / "avgate.key")[0]
                until(partial(_is_told, served, f'"master_key":"{newest.name}"'))
            for request_id, plan in planned:
                office.approve(request_id, plan["digest"])
                office.see_through(request_id)
        finally:
            stop.set()
        done = [ended for future in asking for ended in future.result()]
    assert len(done) >= 6
    assert {ended["state"] for ended in done} <= {"closed", "waiting"}
    assert "request.postponed" not in served.log()
    assert old.name in said(folder, "keys", "list")

    os.utime(folder / "avgate.key", (1, 1))  # as if it had been there for long
    told = said(folder, "keys", "retire")
    assert f"avgate.key.{old.name}" in told
    assert key_sources.neighbours(folder / "avgate.key") == []
    assert old.name not in said(folder, "keys", "list")
    served.end()
    served.start()
    office = Office(served.caller("libervoice", "portal"), served.caller("libervoice", "second"))
    again = office.asks.submit(a_request("access", people[2]), key="before")
    assert again["id"] == first["id"], "the blind index finds what was written under the old key"
    answer = office.asks.http.get(f"/v1/requests/{first['id']}/package")
    assert answer.status_code == 200
    for request_id, _ in planned:
        assert office.asks.request(request_id)["state"] in {"closed", "waiting"}

    newest = key_sources.from_file(folder / "avgate.key")[0]
    after = wrapped(folder)
    assert set(before) <= set(after)
    assert all(one.startswith(newest.mark) for one in after.values())
    closed_to_each_other(before, after, KeyRing.of(kept), KeyRing([newest]))
    with pytest.raises(VaultError):
        encrypted_file.open_key(folder / "avgate.db", KeyRing.of(kept))


def closed_to_each_other(
    before: dict[str, bytes], after: dict[str, bytes], old: KeyRing, new: KeyRing
) -> None:
    """Holds that each ring opens what is of its time, and nothing of the other's."""
    only_old, only_new = Vault(old, b"i" * 32), Vault(new, b"i" * 32)
    for request_id in before:
        only_new.box(after[request_id], request_id, SUBJECT_KEY)
        for vault, closed in ((only_new, before), (only_old, after)):
            with pytest.raises(VaultError):
                vault.box(closed[request_id], request_id, SUBJECT_KEY)


def test_two_machines_with_different_master_keys_are_told_so(tmp_path: Path) -> None:
    config = in_postgresql(f'database = "x"\n{LIBERVOICE}')
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "avgate.toml").write_text(config)
    one, two = (load(tmp_path / name / "avgate.toml", {}) for name in ("one", "two"))
    opening.open_store(one)
    with pytest.raises(VaultError, match="is missing"):
        opening.open_store(two)
    key_sources.make_file(two.master_key_file)
    right = MasterKey(one.master_key_file.read_bytes()).name
    with pytest.raises(VaultError, match=f"{right} is needed"):
        opening.open_store(two)
    shutil.copy(one.master_key_file, two.master_key_file)
    opening.open_store(two)


def test_machines_take_over_a_key_that_was_handed_out_first(tmp_path: Path) -> None:
    config = in_postgresql(f'database = "x"\n{LIBERVOICE}')
    (tmp_path / "avgate.toml").write_text(config)
    settings = load(tmp_path / "avgate.toml", {})
    path, elsewhere = settings.master_key_file, tmp_path / "elsewhere.key"
    here = opening.open_store(settings).vault
    shutil.copy(path, elsewhere)
    there = opening.open_store(settings.model_copy(update={"master_key_file": elsewhere})).vault
    name = key_sources.make_further(path)
    shutil.copy(f"{path}.{name}", f"{elsewhere}.{name}")
    key_sources.take_into_use(path, name)
    here.ring.refresh()
    made = here.new_key("r", SUBJECT_KEY)
    there.box(made, "r", SUBJECT_KEY)  # it is looked for where it was put, without a restart
    here.box(there.new_key("r", SUBJECT_KEY), "r", SUBJECT_KEY)
