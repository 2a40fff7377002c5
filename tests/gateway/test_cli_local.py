"""`avgate audit`, `settings`, `connectors`: what needs no gateway that runs."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from avgate_contracts import connector as sdk
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.registry import CAPABILITIES
from avgate_gateway.store import evidence
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.schema import request

from .rows import a_row


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "avgate.toml"
    path.write_text(
        'database = "sqlite:///avgate.db"\n'
        '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
    )
    return path


@pytest.fixture
def chain(config: Path) -> str:
    """A database with five entries; gives its address."""
    url = f"sqlite:///{config.parent}/avgate.db"
    migrate(url)

    async def fill() -> None:
        database = Database(url)
        for number in range(5):
            async with database.write() as db:
                at = datetime(2026, 1, 1, number, tzinfo=UTC)
                await evidence.append(db, at, "libervoice", "r-1", "task.copied", {"items": number})
        await database.close()

    asyncio.run(fill())
    return url


def test_a_whole_chain_is_said_to_be_whole(
    config: Path, chain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "verify", "--config", str(config)]) == Exit.DONE
    told = capsys.readouterr().out
    assert "5 entries" in told
    last = told.split()[-1]
    assert run(["audit", "verify", "--config", str(config), "--expect", last]) == Exit.DONE


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE evidence SET details = '{}' WHERE sequence = 3",
        "DELETE FROM evidence WHERE sequence = 3",
        "UPDATE evidence SET controller = 'other' WHERE sequence = 3",
    ],
)
def test_the_first_entry_that_does_not_fit_is_named(
    config: Path, chain: str, spoil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _execute(chain, spoil)
    assert run(["audit", "verify", "--config", str(config)]) == Exit.WRONG
    assert "entry 3 " in capsys.readouterr().err


def test_an_end_that_was_cut_off_shows_by_the_digest_that_is_missing(
    config: Path, chain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["audit", "verify", "--config", str(config)])
    last = capsys.readouterr().out.split()[-1]
    _execute(chain, "DELETE FROM evidence WHERE sequence = 5")
    assert run(["audit", "verify", "--config", str(config)]) == Exit.DONE
    assert run(["audit", "verify", "--config", str(config), "--expect", last]) == Exit.WRONG


def test_rows_are_held_against_the_evidence_where_that_is_asked(
    config: Path, chain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["audit", "verify", "--config", str(config), "--outcomes"]
    _add(chain, "request.received", {})
    _add(chain, "request.closed", {"closing": None})
    assert run(asked) == Exit.WRONG
    assert "r-1: the evidence tells of it, and it is not there" in capsys.readouterr().err
    engine = sa.create_engine(chain)
    with engine.begin() as connection:
        connection.execute(request.insert(), {**a_row(), "id": "r-1"})
    assert run(asked) == Exit.DONE
    told = capsys.readouterr().out
    assert "what became of 0 closed requests is as the evidence has it" in told
    assert "1 were closed by a release that wrote no outcome down" in told
    _execute(chain, "UPDATE request SET state = 'waiting'")
    assert run(asked) == Exit.WRONG
    assert "r-1: its row says that it is open" in capsys.readouterr().err
    engine.dispose()


def _add(url: str, event: str, details: dict[str, object]) -> None:
    async def add() -> None:
        database = Database(url)
        async with database.write() as db:
            await evidence.append(
                db, datetime(2026, 1, 2, tzinfo=UTC), "libervoice", "r-1", event, details
            )
        await database.close()

    asyncio.run(add())


def test_verifying_makes_no_database(config: Path) -> None:
    assert run(["audit", "verify", "--config", str(config)]) == Exit.USAGE
    assert not (config.parent / "avgate.db").exists()


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def test_settings_show_where_each_value_comes_from(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["settings", "--config", str(config), "--json"]) == Exit.DONE
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)["items"]}
    assert rows["database"]["source"] == "file"
    assert rows["vault_days"] == {**rows["vault_days"], "value": "30", "source": "default"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            'retention = "nowhere-1999"',
            "controllers.a.retention: there is no retention pack of that name",
        ),
        (
            'retention = "libervoice-2019"\n[controllers.a.connectors.directry]',
            "controllers.a.connectors.directry: no such connector is installed; installed are: directory, ",
        ),
        (
            'retention = "libervoice-2019"\n[controllers.a.connectors.directory]\nbase_ur = "http://x"',
            "base_url",
        ),
    ],
)
def test_settings_that_the_service_would_not_start_with_are_told_so(
    config: Path, capsys: pytest.CaptureFixture[str], wrong: str, says: str
) -> None:
    config.write_text(f'{config.read_text()}\n[controllers.a]\ntitle = "A"\n{wrong}\n')
    assert run(["settings", "--config", str(config)]) == Exit.USAGE
    assert says in capsys.readouterr().err


def test_connectors_tell_what_they_can_do(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", "--config", str(config), "--json"]) == Exit.DONE
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["items"]}
    assert rows["directory"]["capabilities"] == ["access", "rectify", "erase", "confirm"]
    assert rows["directory"]["configured_for"] == []
    assert {"callbacks", "recipients"} <= set(rows["subprocessors"]["capabilities"])


def test_no_protocol_of_the_sdk_is_missing_from_the_list_of_capabilities() -> None:
    protocols = {name for name in sdk.__all__ if name.startswith("Supports")}
    assert {protocol.__name__ for protocol in CAPABILITIES.values()} == protocols


def test_a_refused_connector_is_told_by_the_exit_code(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text()
    config.write_text(f'connectors_allowed = ["other"]\n{text}')
    assert run(["connectors", "--config", str(config)]) == Exit.WRONG
    assert "not in connectors_allowed" in capsys.readouterr().out


@pytest.mark.parametrize("client", ["", "  "])
def test_no_token_is_signed_for_nobody(
    config: Path, client: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--controller", "libervoice", "--client", client, "--scope", "requests:read"]
    assert run(["token", "--config", str(config), *told]) == Exit.USAGE
    shown = capsys.readouterr()
    assert "--client" in shown.err
    assert not shown.out
