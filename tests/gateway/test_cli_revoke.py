"""`avgate revoke`: who is believed no more, written where every process looks."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from avgate_gateway.authentication.revocation import Revoked
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.opening import open_with_keys
from avgate_gateway.revoking import reading
from avgate_gateway.settings import load
from avgate_gateway.store import evidence
from avgate_gateway.store.database import Database
from avgate_gateway.vault import VaultError

from .tokens import token

CONFIG = (
    'database = "sqlite:///avgate.db"\n'
    '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
)


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "avgate.toml").write_text(CONFIG)
    return str(tmp_path / "avgate.toml")


def known(config: str) -> Revoked | None:
    async def read() -> Revoked | None:
        try:
            database, _ = open_with_keys(load(Path(config), {}))
        except VaultError:
            return None
        try:
            return await reading(database)()
        finally:
            await database.close()

    return asyncio.run(read())


def written_down(config: str) -> list[tuple[str, str, str]]:
    """What of it is evidence."""

    async def read() -> list[tuple[str, str, str]]:
        database, _ = open_with_keys(load(Path(config), {}))
        try:
            async with database.read() as db:
                found = [(e.event, json.loads(e.details)) for e in await evidence.entries(db)]
            return [(event, told["kind"], told["name"]) for event, told in found]
        finally:
            await database.close()

    return asyncio.run(read())


def test_clients_and_tokens_are_refused_listed_and_believed_again(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--client", "crm", "--client", "old portal", "--token-id", "7b1"]
    for _ in range(2):
        assert run(["revoke", "--config", config, *named]) == Exit.DONE
    assert known(config) == Revoked(frozenset({"crm", "old portal"}), frozenset({"7b1"}))
    capsys.readouterr()
    assert run(["revoke", "--config", config]) == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(" refused since ")[0] for line in lines} == {
        "client crm", "client old portal", "token 7b1",
    }  # fmt: skip
    assert run(["revoke", "--config", config, "--lift", "--client", "crm"]) == Exit.DONE
    assert known(config) == Revoked(frozenset({"old portal"}), frozenset({"7b1"}))
    assert written_down(config) == [
        ("access.revoked", "client", "crm"),
        ("access.revoked", "client", "old portal"),
        ("access.revoked", "token", "7b1"),
        ("access.restored", "client", "crm"),
    ]
    assert run(["audit", "verify", "--config", config]) == Exit.DONE


def test_a_token_is_read_from_where_nobody_else_sees_it(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stolen").write_text(token({"jti": "of-the-file"}) + "\n")
    assert run(["revoke", "--config", config, "--token-file", f"{tmp_path}/stolen"]) == Exit.DONE
    monkeypatch.setattr("sys.stdin", io.StringIO(f"made it\n{token({'jti': 'of-stdin'})}\n"))
    assert run(["revoke", "--config", config, "--token-file", "-"]) == Exit.DONE
    assert known(config) == Revoked(frozenset(), frozenset({"of-the-file", "of-stdin"}))


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [
        (["--client", "\uff50ortal"], Exit.USAGE),
        (["--client", " "], Exit.USAGE),
        (["--client", "c" * 201], Exit.USAGE),
        (["--token-id", ""], Exit.USAGE),
        (["--token-id", "t" * 201], Exit.USAGE),
        (["--token-id", "a\nb"], Exit.USAGE),
        (["--token-file", "/nowhere"], Exit.USAGE),
        (["--token-file", __file__], Exit.USAGE),
        (["--lift", "--client", "crm"], Exit.NOT_FOUND),
    ],
)
def test_what_cannot_be_refused_is_said(config: str, arguments: list[str], ends: Exit) -> None:
    assert run(["revoke", "--config", config, *arguments]) == ends
    assert known(config) in (None, Revoked())


def test_a_list_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    async def read() -> Revoked | None:
        database = Database(f"sqlite:///{tmp_path}/without-tables.db")
        try:
            return await reading(database)()
        finally:
            await database.close()

    assert asyncio.run(read()) is None


def test_whoever_only_looks_makes_nothing_and_is_told_that_nothing_is_refused(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["revoke", "--config", config]) == Exit.USAGE
    assert "there is no database yet" in capsys.readouterr().err
    assert [path.name for path in Path(config).parent.iterdir()] == ["avgate.toml"]
    assert run(["revoke", "--config", config, "--client", "crm"]) == Exit.DONE
    capsys.readouterr()
    assert run(["revoke", "--config", config, "--lift", "--client", "crm"]) == Exit.DONE
    assert capsys.readouterr().out == "nothing is refused\n"
