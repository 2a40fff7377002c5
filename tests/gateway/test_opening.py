"""The store opens with its own keys, says which is missing otherwise, and is never readable without."""

from __future__ import annotations

import os
import shutil
import signal
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway import key_on_disk, key_sources
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.keyring import KeyRing, MasterKey
from avgate_gateway.opening import open_store
from avgate_gateway.settings import Settings, load
from avgate_gateway.store import encrypted_file
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations.upgrading import upgrade
from avgate_gateway.store.schema import request
from avgate_gateway.vault import SUBJECT_KEY, Vault, VaultError

from .rows import a_row

OLD = b"o" * 32
TAIL = '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
MARKER = "vermeulen-marker"


def settings(folder: Path, head: str = "", environ: dict[str, str] | None = None) -> Settings:
    path = folder / "avgate.toml"
    path.write_text(f'database = "sqlite:///avgate.db"\n{head}\n{TAIL}')
    return load(path, environ or {})


def earlier_release(folder: Path, key: bytes = OLD, *, is_destroyed: bool = False) -> Vault:
    """A plain file with one request, as the first release left it; and its vault."""
    vault = Vault(KeyRing.of(key), MasterKey(key).derived("avgate blind index 1"))
    row = a_row()
    wrapped = vault.new_key(row["id"], SUBJECT_KEY)[5:]  # it did not say by which key
    row |= {"identity_by": MARKER, "subject_key": None if is_destroyed else wrapped}
    engine = sa.create_engine(f"sqlite:///{folder / 'avgate.db'}")
    with engine.begin() as db:
        upgrade(db, "0001")
        db.execute(request.insert().values(**row))
    engine.dispose()
    return vault


def rows(folder: Path, key: bytes | None) -> list[Any]:
    with closing(encrypted_file.connect(folder / "avgate.db", key)) as db:
        return list(db.execute("SELECT identity_by FROM request").fetchall())


def opens(folder: Path, head: str = "") -> Vault:
    return open_store(settings(folder, head)).vault


def test_a_new_store_has_its_keys_beside_it_and_opens_again(tmp_path: Path) -> None:
    first = opens(tmp_path).blind("c", "x")
    assert opens(tmp_path).blind("c", "x") == first
    assert not encrypted_file.is_plain(tmp_path / "avgate.db")
    for name in ("avgate.key", "avgate.db.key"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_a_master_key_that_was_lost_is_missed_at_the_start_and_not_made_anew(
    tmp_path: Path,
) -> None:
    opens(tmp_path)
    kept = (tmp_path / "avgate.key").rename(tmp_path / "kept")
    with pytest.raises(VaultError, match=r"avgate\.key is missing.*restore it"):
        opens(tmp_path)
    assert not (tmp_path / "avgate.key").exists()
    kept.rename(tmp_path / "avgate.key")
    opens(tmp_path)


def test_a_wrong_master_key_is_noticed_at_the_start_by_its_name(tmp_path: Path) -> None:
    opens(tmp_path)
    right = MasterKey((tmp_path / "avgate.key").read_bytes())
    key_on_disk.replace(tmp_path / "avgate.key", OLD)
    with pytest.raises(VaultError, match=f"{right.name} is needed, and here is"):
        opens(tmp_path)


@pytest.mark.parametrize("command", ["migrate", "serve", "work"])
def test_a_wrong_master_key_ends_the_command_with_one_line(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    opens(tmp_path)
    key_on_disk.replace(tmp_path / "avgate.key", OLD)
    assert run([command, "--config", str(tmp_path / "avgate.toml")]) == Exit.USAGE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert "does not fit this database" in line


def test_the_file_s_own_key_is_missed_too(tmp_path: Path) -> None:
    opens(tmp_path)
    (tmp_path / "avgate.db.key").unlink()
    with pytest.raises(VaultError, match=r"avgate\.db\.key is missing"):
        opens(tmp_path)


def test_a_damaged_first_page_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    opens(tmp_path)
    path = tmp_path / "avgate.db"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(VaultError, match=r"avgate\.db is damaged.*restore both"):
        opens(tmp_path)


def test_a_damaged_key_is_an_error_that_names_its_file(tmp_path: Path) -> None:
    opens(tmp_path)
    path = tmp_path / "avgate.db.key"
    for content in (b"", b"x", path.read_bytes()[::-1]):
        path.write_bytes(content)
        with pytest.raises(VaultError, match=r"^avgate\.db\.key: "):
            opens(tmp_path)


async def test_a_changed_page_is_never_read_as_other_data(tmp_path: Path) -> None:
    """Every page is changed in turn: what is read is what was written, or an error of the disk."""
    opens(tmp_path)
    path = tmp_path / "avgate.db"
    ring = KeyRing(key_sources.from_file(tmp_path / "avgate.key"))
    key = encrypted_file.open_key(path, ring)
    await filled(f"sqlite:///{path}", key, 100)
    before = await everything(path, key)
    encrypted_file.copy(path, key, tmp_path / "whole.db", ring)
    content = (tmp_path / "whole.db").read_bytes()
    noticed = 0
    for begin in range(0, len(content), 2048):
        changed = bytearray(content)
        changed[begin + begin % 2039] ^= 1 << begin % 7
        one = tmp_path / f"{begin}.db"
        one.write_bytes(changed)
        try:
            assert await everything(one, key) == before
        except AwayError:
            noticed += 1
    assert noticed > 20


async def filled(url: str, key: bytes, number: int) -> None:
    database = Database(url, key)
    async with database.write() as db:
        for _ in range(number):
            await db.execute(request.insert().values(**a_row()))
    await database.close()


async def everything(path: Path, key: bytes) -> list[Any]:
    database = Database(f"sqlite:///{path}", key)
    try:
        async with database.read() as db:
            return list((await db.execute(sa.select(request).order_by(request.c.id))).all())
    finally:
        await database.close()


@pytest.mark.parametrize("is_destroyed", [False, True])
def test_a_file_of_an_earlier_release_is_encrypted_and_found_again(
    tmp_path: Path, is_destroyed: bool
) -> None:
    before = earlier_release(tmp_path, is_destroyed=is_destroyed)
    key_on_disk.create(tmp_path / "avgate.key", OLD)
    assert MARKER.encode() in (tmp_path / "avgate.db").read_bytes()
    after = opens(tmp_path)
    assert after.blind("c", "lead", "phone") == before.blind("c", "lead", "phone")
    assert MARKER.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())
    key = encrypted_file.open_key(tmp_path / "avgate.db", KeyRing.of(OLD))
    assert rows(tmp_path, key) == [(MARKER,)]
    assert encrypted_file.damaged_pages(tmp_path / "avgate.db", key) == []


def test_a_file_of_an_earlier_release_is_not_encrypted_for_a_wrong_master_key(
    tmp_path: Path,
) -> None:
    earlier_release(tmp_path)
    key_on_disk.create(tmp_path / "avgate.key", b"w" * 32)
    with pytest.raises(VaultError, match="does not fit this database"):
        opens(tmp_path)
    assert encrypted_file.is_plain(tmp_path / "avgate.db")
    assert not (tmp_path / "avgate.db.key").exists()


def test_a_lost_master_key_of_an_earlier_release_is_not_made_anew(tmp_path: Path) -> None:
    earlier_release(tmp_path)
    with pytest.raises(VaultError, match="is missing"):
        opens(tmp_path)
    assert encrypted_file.is_plain(tmp_path / "avgate.db")


@pytest.mark.parametrize("step", ["exported", "renamed", "never"])
def test_whoever_dies_while_a_file_is_encrypted_leaves_one_that_opens(
    tmp_path: Path, step: str
) -> None:
    earlier_release(tmp_path)
    key_on_disk.create(tmp_path / "avgate.key", OLD)
    path, ring = tmp_path / "avgate.db", KeyRing.of(OLD)
    pid = os.fork()
    if pid == 0:

        def die(at: str) -> None:
            if at == step:
                os.kill(os.getpid(), signal.SIGKILL)

        encrypted_file.encrypt(path, encrypted_file.open_key(path, ring), die)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert (os.waitstatus_to_exitcode(status) == -signal.SIGKILL) == (step != "never")
    assert encrypted_file.is_plain(path) == (step == "exported")
    opens(tmp_path)
    assert rows(tmp_path, encrypted_file.open_key(path, ring)) == [(MARKER,)]
    assert not (tmp_path / "avgate.db.encrypting").exists()


@pytest.mark.parametrize("step", ["begun", "copied", "key saved", "never"])
def test_whoever_dies_over_a_backup_leaves_nothing_that_passes_for_one(
    tmp_path: Path, step: str
) -> None:
    opens(tmp_path)
    path = tmp_path / "avgate.db"
    ring = KeyRing(key_sources.from_file(tmp_path / "avgate.key"))
    target = tmp_path / "backup.db"
    pid = os.fork()
    if pid == 0:

        def die(at: str) -> None:
            if at == step:
                os.kill(os.getpid(), signal.SIGKILL)

        key = encrypted_file.open_key(path, ring)
        if step == "begun":  # what a copy is that was begun: a file without a page, and its journal
            encrypted_file.copying_path(target).touch()
            (tmp_path / "backup.db.copying-journal").write_bytes(b"begun")
            die(step)
        encrypted_file.copy(path, key, target, ring, die)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert (os.waitstatus_to_exitcode(status) == -signal.SIGKILL) == (step != "never")
    assert target.exists() == (step == "never")
    target.unlink(missing_ok=True)
    encrypted_file.copy(path, encrypted_file.open_key(path, ring), target, ring)
    key = encrypted_file.open_key(target, ring)
    assert encrypted_file.damaged_pages(target, key) == []
    assert not [*tmp_path.glob("*.copying*")]


def killed(path: Path, key: bytes) -> bytes:
    """The log that is left of a process that wrote and was killed."""
    with closing(encrypted_file.connect(path, key)) as used:
        used.execute("PRAGMA journal_mode = WAL")
        used.execute("CREATE TABLE IF NOT EXISTS later (text TEXT)")
        used.executemany("INSERT INTO later VALUES (?)", [("x" * 1000,)] * 20)
        return path.with_name("avgate.db-wal").read_bytes()


def test_a_backup_is_not_spoilt_by_the_log_of_the_database_whose_place_it_took(
    tmp_path: Path,
) -> None:
    """SQLite wrote the log into the backup, even where the evidence was only verified: neither could be read then."""
    opens(tmp_path)
    path, backup = tmp_path / "avgate.db", tmp_path / "backup.db"
    ring = KeyRing(key_sources.from_file(tmp_path / "avgate.key"))
    key = encrypted_file.open_key(path, ring)
    encrypted_file.copy(path, key, backup, ring)
    left, log = killed(path, key), tmp_path / "avgate.db-wal"
    for one in (path, tmp_path / "avgate.db.key"):
        shutil.copy(tmp_path / one.name.replace("avgate.db", "backup.db"), one)
    log.write_bytes(left)
    with pytest.raises(VaultError, match=r"avgate\.db is a backup.*remove avgate\.db-wal and"):
        opens(tmp_path)
    assert path.read_bytes() == backup.read_bytes()
    log.unlink()
    opens(tmp_path)
    log.write_bytes(killed(path, key))  # its own, from here on
    opens(tmp_path)
    assert encrypted_file.damaged_pages(path, key) == []


def test_two_who_make_a_backup_of_one_name_do_not_spoil_each_others(tmp_path: Path) -> None:
    opens(tmp_path)
    path, target = tmp_path / "avgate.db", tmp_path / "backup.db"
    ring = KeyRing(key_sources.from_file(tmp_path / "avgate.key"))
    key = encrypted_file.open_key(path, ring)
    refused: list[BlockingIOError] = []

    def another(step: str) -> None:
        with pytest.raises(BlockingIOError) as raised:
            encrypted_file.copy(path, key, target, ring)
        refused.append(raised.value)

    encrypted_file.copy(path, key, target, ring, another)
    assert len(refused) == 2
    assert encrypted_file.damaged_pages(target, encrypted_file.open_key(target, ring)) == []


def test_a_disk_that_is_full_leaves_the_plain_file_as_it_was(tmp_path: Path) -> None:
    earlier_release(tmp_path)
    path, ring = tmp_path / "avgate.db", KeyRing.of(OLD)
    before = path.stat().st_size
    pid = os.fork()
    if pid == 0:
        import resource

        key = encrypted_file.open_key(path, ring)
        resource.setrlimit(resource.RLIMIT_FSIZE, (before // 2, before // 2))
        try:
            encrypted_file.encrypt(path, key)
        except (OSError, sqlite.Error):
            os._exit(7)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert rows(tmp_path, None) == [(MARKER,)]
    assert not (tmp_path / "avgate.db.encrypting").exists()


def test_a_plain_file_is_wiped_once_its_rows_are_in_the_encrypted_one(tmp_path: Path) -> None:
    earlier_release(tmp_path)
    key_on_disk.create(tmp_path / "avgate.key", OLD)
    other_name = tmp_path / "other-name"
    other_name.hardlink_to(tmp_path / "avgate.db")
    opens(tmp_path)
    assert not any(other_name.read_bytes())


def test_a_master_key_may_stand_in_the_environment_in_a_file_or_come_from_a_program(
    tmp_path: Path,
) -> None:
    text = b64encode(OLD).decode()
    (tmp_path / "text").write_text(f"{text}\n")
    kms = tmp_path / "kms"
    kms.write_text(f"#!/bin/sh\necho {text}\n")
    kms.chmod(0o700)
    made = open_store(settings(tmp_path, 'master_key = "env:MASTER"', {"MASTER": text})).vault
    for head in ('master_key = "file:text"', f'master_key_command = ["{kms}"]'):
        assert opens(tmp_path, head).blind("c", "x") == made.blind("c", "x")
    assert not (tmp_path / "avgate.key").exists()


@pytest.mark.parametrize(
    "head",
    ['master_key = "env:MASTER"', 'master_key = "geheim"', 'master_keys_former = ["geheim"]'],
)
def test_a_master_key_that_is_none_is_named_and_not_quoted(
    tmp_path: Path, head: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER", "geheim")
    settings(tmp_path, head, {"MASTER": "geheim"})
    assert run(["migrate", "--config", str(tmp_path / "avgate.toml")]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "must be 32 bytes in base64" in told
    assert "geheim" not in told


def test_no_command_shows_a_master_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, other = b64encode(OLD).decode(), b64encode(b"f" * 32).decode()
    (tmp_path / "text").write_text(text)
    head = f'master_key = "file:text"\nmaster_keys_former = ["{other}"]'
    chosen = settings(tmp_path, head)
    assert run(["settings", "--config", str(tmp_path / "avgate.toml"), "--json"]) == Exit.DONE
    told = capsys.readouterr().out + repr(chosen) + str(chosen)
    assert text not in told
    assert other not in told
    assert str(OLD)[2:-1] not in told
