"""A database in which the gateway would half work is refused at the start, and the message says why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from avgate_gateway import leased
from avgate_gateway.api.recording import Recording
from avgate_gateway.cli.exits import Exit
from avgate_gateway.leased import Leased
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database

from .cluster import OWNER, SERVICE, as_account, shared
from .harness import command

CONTROLLER = '[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'


def refused(folder: Path, url: str, *words: str) -> str:
    (folder / "avgate.toml").write_text(f'database = "{url}"\n{CONTROLLER}')
    code, told = command(folder, *words)
    assert code == Exit.USAGE, told
    assert "a mistake of ours" not in told
    return told


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("words", [("work",), ("migrate",)])
def test_one_that_cannot_hold_every_name(
    tmp_path: Path, encoding: str, words: tuple[str, ...]
) -> None:
    """It failed at the start for no reason that was told, or at the first name with a letter of Poland."""
    name = f"test_{uuid4().hex}"
    shared().ask(
        f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
    )
    told = refused(tmp_path, shared().url(name, OWNER), *words)
    assert f"the database is encoded as {encoding}, and has to be as UTF8" in told


def test_one_that_hides_rows(tmp_path: Path) -> None:
    """Requests that no look finds are worked on by nobody, and nobody hears of it."""
    url = as_account(SERVICE, shared().database())
    shared().ask("ALTER TABLE request ENABLE ROW LEVEL SECURITY", url=url)
    told = refused(tmp_path, url, "work")
    assert "row security hides rows of request" in told
    assert "ALTER TABLE request DISABLE ROW LEVEL SECURITY" in told


async def test_one_that_can_only_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a standby all can be read that comes before a process says that it lives."""
    monkeypatch.setattr(leased, "_REGISTERED_WITHIN", 2.0)
    url = as_account(SERVICE, shared().database())
    name = url.rsplit("/", 1)[1]
    shared().ask(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    worker = Leased(url, "1", lambda: datetime.now(UTC))
    with pytest.raises(AwayError, match="could not be registered; the database can only be read"):
        await worker.start()
    await worker.stop()


@pytest.mark.parametrize("table", ["request", "evidence"])
async def test_a_table_that_somebody_keeps_locked_is_told_in_readiness(table: str) -> None:
    """Every call that records something was answered 503 for as long, and readiness said ok."""
    url = as_account(SERVICE, shared().database())
    database = Database(url)
    recording = Recording(database, lambda: 0.0)
    assert await Recording(database).trouble() is None
    with psycopg.connect(as_account("postgres", url)) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # as VACUUM FULL does
        told = await recording.trouble()
    assert told is not None
    assert "whether another session keeps a table locked" in told
    await database.close()
