"""Whether anything can be recorded is found out by a write that reaches the disk, though it changes nothing."""

from __future__ import annotations

from pathlib import Path

from avgate_gateway.api.recording import Recording
from avgate_gateway.opening import open_store
from avgate_gateway.settings import load
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate

from .cluster import shared

CONTROLLER = '[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'


async def test_on_sqlite_it_is_in_the_write_ahead_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'avgate.db'}"
    migrate(url)
    database = Database(url)
    async with database.write():
        pass  # the file is opened
    log = tmp_path / "avgate.db-wal"
    before = log.stat().st_size
    assert await Recording(database).trouble() is None
    assert log.stat().st_size > before
    await database.close()


async def test_on_postgresql_too_by_an_account_that_may_not_write_more(tmp_path: Path) -> None:
    url = shared().database()
    (tmp_path / "avgate.toml").write_text(f'database = "{url}"\n{CONTROLLER}')
    database = open_store(load(tmp_path / "avgate.toml", {})).database  # which makes the keyring
    before = written(url)
    assert await Recording(database).trouble() is None
    assert written(url) > before
    await database.close()


def written(url: str) -> int:
    """The transaction that wrote the keyring last."""
    [(newest,)] = shared().ask("SELECT max(xmin::text::bigint) FROM keyring", url=url)
    return int(newest)
