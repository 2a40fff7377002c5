"""`avgate keys`, `avgate backup`, and `avgate audit acknowledge` after it: what they refuse, and what they leave."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.thorough import some

from avgate_gateway import key_sources, rewrapping
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.keyring import KeyRing, MasterKey
from avgate_gateway.opening import Store, open_store
from avgate_gateway.settings import load
from avgate_gateway.store import encrypted_file, evidence, keyring, pauses
from avgate_gateway.store.keyring import page
from avgate_gateway.store.schema import request
from avgate_gateway.vault import SUBJECT_KEY, Vault

from .rows import a_row

TAIL = '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "avgate.toml"
    path.write_text(f'database = "sqlite:///avgate.db"\n{TAIL}')
    return path


@pytest.fixture
def store(config: Path) -> Store:
    return open_store(load(config, {}))


def called(config: Path, *words: str) -> int:
    return run([*words, "--config", str(config)])


def add(store: Store, vault: Vault, number: int = 1) -> None:
    async def fill() -> None:
        async with store.database.write() as db:
            for _ in range(number):
                row = a_row()
                row["subject_key"] = vault.new_key(row["id"], SUBJECT_KEY)
                await db.execute(request.insert().values(**row))

    asyncio.run(fill())


async def changes_of_key(store: Store) -> list[dict[str, str]]:
    """What of it is evidence."""
    async with store.database.read() as db:
        found = [e for e in await evidence.entries(db) if e.event == "master_key.changed"]
    return [json.loads(e.details) for e in found]


def test_more_keys_than_a_page_are_wrapped_anew_and_counted(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, store.vault, 120)
    [old] = store.vault.ring.keys
    assert called(config, "keys", "rotate") == Exit.DONE
    os.utime(config.parent / "avgate.key", (1, 1))
    assert called(config, "keys", "retire") == Exit.DONE
    [new] = key_sources.from_file(config.parent / "avgate.key")
    assert new.name != old.name
    capsys.readouterr()
    assert called(config, "keys", "list") == Exit.DONE
    told = capsys.readouterr().out
    assert new.name in told
    assert "120" in told
    assert old.name not in told
    assert asyncio.run(changes_of_key(store)) == [{"master_key": new.name}]
    assert called(config, "audit", "verify") == Exit.DONE


def test_a_former_key_stays_until_everybody_has_seen_the_new_one(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, store.vault)
    called(config, "keys", "rotate")
    assert called(config, "keys", "retire") == Exit.UNDER_WAY
    assert "try again in" in capsys.readouterr().err
    assert len(key_sources.from_file(config.parent / "avgate.key")) == 2


def test_a_former_key_stays_while_something_cannot_be_opened(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, store.vault)
    add(store, Vault(KeyRing.of(b"a" * 32), b""))
    called(config, "keys", "rotate")
    os.utime(config.parent / "avgate.key", (1, 1))
    assert called(config, "keys", "retire") == Exit.WRONG
    assert "1 keys of requests cannot be opened" in capsys.readouterr().err
    assert len(key_sources.from_file(config.parent / "avgate.key")) == 2


def test_a_key_that_is_destroyed_while_keys_change_stays_destroyed(
    config: Path, store: Store
) -> None:
    add(store, store.vault)
    ring = KeyRing([MasterKey(b"n" * 32), *store.vault.ring.keys])

    async def race() -> list[object]:
        async with store.database.read() as db:
            [read] = await page(db, "")
        async with store.database.write() as db:
            await db.execute(request.update().values(subject_key=None))
        fresh = rewrapping._fresh(read, ring)
        assert fresh != read
        async with store.database.write() as db:
            await keyring.replace(db, read, fresh)
            return list((await db.execute(sa.select(request.c.subject_key))).scalars())

    assert asyncio.run(race()) == [None]


def test_a_master_key_from_elsewhere_is_changed_in_the_config(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = b"o" * 32, b"n" * 32

    def given(newest: bytes, *former: bytes) -> None:
        listed = ", ".join(f'"{b64encode(one).decode()}"' for one in former)
        head = f'master_key = "{b64encode(newest).decode()}"\nmaster_keys_former = [{listed}]'
        config.write_text(f'database = "sqlite:///avgate.db"\n{head}\n{TAIL}')

    given(old)
    store = open_store(load(config, {}))
    add(store, store.vault)
    assert called(config, "keys", "rotate") == Exit.USAGE
    assert "master_keys_former" in capsys.readouterr().err
    given(new, old)
    opened = open_store(load(config, {}))
    asyncio.run(rewrapping.look(opened.database, opened.vault.ring, tmp_path / "avgate.db"))
    assert called(config, "keys", "retire") == Exit.DONE
    assert "remove it from the config" in capsys.readouterr().out
    given(new)
    assert open_store(load(config, {})).vault.blind("c", "x") == store.vault.blind("c", "x")


@pytest.mark.parametrize("words", [("keys", "list"), ("keys", "retire"), ("backup", "b.db")])
def test_without_a_database_nothing_is_made(
    config: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(config, *words) == Exit.USAGE
    assert "there is no database yet" in capsys.readouterr().err
    assert [one.name for one in config.parent.iterdir()] == ["avgate.toml"]


def test_a_backup_is_encrypted_whole_and_never_put_over_another(
    config: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, store.vault, 30)
    target = tmp_path / "backup.db"
    assert called(config, "backup", str(target)) == Exit.DONE
    key = encrypted_file.open_key(target, store.vault.ring)
    assert encrypted_file.damaged_pages(target, key) == []
    assert b"libervoice" not in target.read_bytes()
    for one in (target, tmp_path / "backup.db.key"):
        assert one.stat().st_mode & 0o077 == 0
    before = target.read_bytes()
    assert called(config, "backup", str(target)) == Exit.USAGE
    assert "exists already" in capsys.readouterr().err
    assert target.read_bytes() == before


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_what_cooled_off_in_a_backup_cools_off_anew_and_all_is_paused_where_that_is_asked(
    config: Path, store: Store, is_elsewhere: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(
        f"{config.read_text()}cooling_off_minutes = 30\n[controllers.libervoice.connectors.crm]\n"
    )
    begins = datetime.now(UTC) - timedelta(hours=1)
    witness = config.parent / "avgate-checkpoints.txt"
    if not is_elsewhere:
        witness.write_text("what was signed since the backup")

    async def fill() -> None:
        async with store.database.write() as db:
            scope: dict[str, list[str]] = {"connectors": [], "categories": []}
            row = {**a_row(), "state": "running", "begins_at": begins, "scope": scope}
            approved = {"approved_by": "a", "approved_at": begins, "approved_digest": "d"}
            await db.execute(request.insert().values(**row, **approved))
            await evidence.append(
                db, begins - timedelta(minutes=9), "libervoice", row["id"], "plan.approved", {}
            )

    asyncio.run(fill())
    assert called(config, "audit", "acknowledge", "--pause", "restored") == Exit.DONE
    said = capsys.readouterr().out
    assert "1 approved plans of libervoice begin at " in said
    assert "paused: crm of libervoice; " in said
    assert not witness.exists()
    assert called(config, "audit", "verify") == Exit.DONE

    async def found() -> tuple[datetime, Sequence[str]]:
        async with store.database.read() as db:
            begins_at = (await db.execute(sa.select(request.c.begins_at))).scalar_one()
            return begins_at, [one.reason for one in await pauses.lasting(db)]

    begins_at, reasons = asyncio.run(found())
    assert begins_at > datetime.now(UTC) + timedelta(minutes=29)
    assert reasons == ["restored"]
    assert called(config, "audit", "acknowledge") == Exit.USAGE


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file may grow beyond this: as near as a test comes to a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_copy_that_cannot_be_written_says_why_and_leaves_nothing(
    config: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, store.vault, 30)
    target = tmp_path / "backup.db"
    assert called(config, "backup", str(tmp_path / "gone" / "b.db")) == Exit.USAGE
    assert f"the folder {tmp_path / 'gone'} does not exist" in capsys.readouterr().err
    for size in (10, 8_192):
        with full_after(size):
            assert called(config, "backup", str(target)) == Exit.WRONG
        said = capsys.readouterr().err
        assert said.startswith(f"avgate: no copy was made: {target}: ")
        assert "disk" in said
    assert not [*tmp_path.glob("backup*")]


def test_a_key_that_cannot_be_written_leaves_all_as_it_was(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    [old] = store.vault.ring.keys
    for words in (("keys", "rotate"), ("keys", "make")):
        with full_after(0):
            assert called(config, *words) == Exit.USAGE
        said = (
            f"avgate: {config.parent}: File too large; put that right, look with `avgate keys list`"
        )
        assert capsys.readouterr().err.startswith(said)
    assert [one.name for one in key_sources.from_file(config.parent / "avgate.key")] == [old.name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that another has to read")
def test_a_key_that_root_changes_is_read_by_whom_the_former_belonged_to(
    config: Path, store: Store
) -> None:
    add(store, store.vault)
    own = {config.parent / "avgate.key", config.parent / "avgate.db.key"}
    for one in own:
        os.chown(one, 65_534, 65_534)
    assert called(config, "keys", "make") == Exit.DONE
    assert called(config, "keys", "rotate") == Exit.DONE
    own |= set(key_sources.neighbours(config.parent / "avgate.key"))
    assert len(own) == 4
    assert {one.stat().st_uid for one in own} == {65_534}
    os.utime(config.parent / "avgate.key", (1, 1))  # as if it had been there for long
    assert called(config, "keys", "retire") == Exit.DONE
    assert (config.parent / "avgate.db.key").stat().st_uid == 65_534
    assert encrypted_file.open_key(
        config.parent / "avgate.db", KeyRing(key_sources.from_file(config.parent / "avgate.key"))
    )


def test_a_former_key_is_gone_under_every_name_once_it_is_retired(
    config: Path, store: Store
) -> None:
    path = config.parent / "avgate.key"
    former = path.read_bytes()
    for name in ("", ".0a1b2c3d"):  # of a maker who was killed between the two names of its file
        (config.parent / f".avgate.key{name}.0123456789abcdef").hardlink_to(path)
    others = config.parent / ".avgate.key.of.mine"
    others.write_text("")
    assert called(config, "keys", "rotate") == Exit.DONE
    os.utime(path, (1, 1))  # as if it had been there for long
    assert called(config, "keys", "retire") == Exit.DONE
    assert former not in {one.read_bytes() for one in config.parent.iterdir() if one.is_file()}
    assert others.exists()


def test_a_changed_page_is_told_of_by_the_audit(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, store.vault, 400)
    assert called(config, "backup", str(config.parent / "whole.db")) == Exit.DONE
    (config.parent / "whole.db").rename(config.parent / "avgate.db")
    path = config.parent / "avgate.db"
    for left in config.parent.glob("avgate.db-*"):
        left.unlink()
    content = bytearray(path.read_bytes())
    pages = some(range(len(content) // 2048), 8)
    assert len(pages) > 3
    for number in pages:
        changed = bytearray(content)
        changed[number * 2048 + 1234] ^= 8
        path.write_bytes(changed)
        assert called(config, "audit", "verify") == Exit.WRONG, number
    path.write_bytes(content)
    assert called(config, "audit", "verify") == Exit.DONE
