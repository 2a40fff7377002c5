"""A start that the database has no connection for says so, and does not take that for a mistake of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_gateway.cli.exits import Exit

from .cluster import SERVICE, as_account, shared
from .harness import command

CONTROLLER = '[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'
FEW = "avgate_few"  # which may have two connections: enough to find the tables, and not to work on them


@pytest.fixture
def config(tmp_path: Path) -> Path:
    if not shared().ask("SELECT 1 FROM pg_roles WHERE rolname = %s", FEW):
        shared().ask(f"CREATE ROLE {FEW} LOGIN CONNECTION LIMIT 2 IN ROLE {SERVICE}")
    path = tmp_path / "avgate.toml"
    path.write_text(f'database = "{as_account(FEW, shared().database())}"\n{CONTROLLER}')
    return path


@pytest.mark.parametrize("words", [("work",), ("serve", "--port", "0")])
def test_a_start_without_enough_connections_names_what_is_lacking(
    config: Path, words: tuple[str, ...]
) -> None:
    code, told = command(config.parent, *words, "--config", str(config))
    assert code == Exit.USAGE
    assert "avgate: the database has no connection left; raise its max_connections" in told
    assert "a mistake of ours" not in told
