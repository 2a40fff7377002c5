"""A start that the database has no connection or no answer for says so soon, and calls that no mistake of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_gateway.cli.exits import Exit

from .cluster import SERVICE, as_account, shared
from .harness import command
from .proxy import Proxy

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


def test_a_start_that_gets_no_answer_from_the_database_does_not_wait_for_minutes(
    tmp_path: Path,
) -> None:
    """A firewall that drops what comes, or a server that hangs: systemd would end it before it had said why."""
    proxy = Proxy(shared().port)
    proxy.go_dead()
    url = as_account(SERVICE, shared().url()).replace(f":{shared().port}/", f":{proxy.port}/")
    (tmp_path / "avgate.toml").write_text(f'database = "{url}"\n{CONTROLLER}')
    try:
        code, told = command(tmp_path, "work")  # which is waited for for a minute
    finally:
        proxy.end()
    assert code == Exit.USAGE
    assert "the database does not answer; see whether it runs" in told
