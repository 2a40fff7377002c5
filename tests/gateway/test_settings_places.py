"""What keeps a gateway from starting is said in one line that names what to do, before it begins."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run

CONTROLLER = """
[controllers.libervoice]
title = "Libervoice B.V."
retention = "libervoice-2019"
"""
UPSTREAM = """
[controllers.libervoice.connectors.operator]
client_id = "libervoice"
client_secret = "hunter2hunter2"
"""


def config(folder: Path, top: str = "", bottom: str = "") -> str:
    path = folder / "avgate.toml"
    path.write_text(f"{top}\n{CONTROLLER}{bottom}")
    return str(path)


@pytest.mark.parametrize("command", ["serve", "work", "migrate"])
def test_a_database_in_a_folder_that_is_not_there_says_to_create_it(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = config(tmp_path, 'database = "sqlite:////nonexistent/dir/a.db"')
    assert run([command, "--config", written]) == Exit.USAGE
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith(
        "database: the folder /nonexistent/dir does not exist; create it, or correct database"
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('database = "sqlite:////proc/a.db"', "the folder /proc cannot be written to"),
        ('database = "sqlite:///avgate.toml/a.db"', "avgate.toml is not a folder"),
        ('database = "sqlite:///folder"', "folder cannot be used (Is a directory)"),
        ('master_key_file = "/nonexistent/a.key"', "the folder /nonexistent does not exist"),
        ('token_key_file = "/nonexistent/a.jwk"', "the folder /nonexistent does not exist"),
    ],
)
def test_a_file_that_cannot_be_made_names_its_key_and_what_is_wrong(
    line: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    assert run(["migrate", "--config", config(tmp_path, line)]) == Exit.USAGE
    said = capsys.readouterr().err
    assert says in said
    assert f"{line.split(maxsplit=1)[0]}: " in said
    assert "Errno" not in said


def test_places_that_can_be_used_leave_nothing_behind_but_the_database_and_keys(
    tmp_path: Path,
) -> None:
    written = config(tmp_path, 'database = "sqlite:///a.db"')
    assert run(["migrate", "--config", written]) == Exit.DONE
    assert run(["migrate", "--config", written]) == Exit.DONE
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.db",
        "a.db.key",
        "avgate.key",
        "avgate.toml",
    }


def test_a_database_server_that_is_not_there_is_said_to_be_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    top = f'database = "postgresql://somebody:hunter2@127.0.0.1:{port}/avgate"'
    assert run(["migrate", "--config", config(tmp_path, top)]) == Exit.USAGE
    (said,) = capsys.readouterr().err.splitlines()
    assert f'"127.0.0.1", port {port} failed: Connection refused; check database in' in said
    assert "hunter2" not in said


def test_a_port_that_is_taken_says_to_choose_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["serve", "--config", config(tmp_path), "--port", port]) == Exit.USAGE
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith("Address already in use; choose another --host or --port")


@pytest.mark.parametrize("address", ["127.0.0.1:9100", "ftp://operator.example", "https://"])
def test_an_address_of_an_upstream_says_which_form_is_right(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = config(tmp_path, bottom=f'{UPSTREAM}base_url = "{address}"')
    assert run(["serve", "--config", written, "--port", "0"]) == Exit.USAGE
    (said,) = capsys.readouterr().err.splitlines()
    assert "connectors.operator.base_url: must be an http(s) address" in said


def test_a_retention_pack_that_is_not_there_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "avgate.toml"
    path.write_text(CONTROLLER.replace("libervoice-2019", "tax-1900"))
    assert run(["serve", "--config", str(path), "--port", "0"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "there are: libervoice-2019, mister-voip-2019" in said
    assert not set("[]'") & set(said)
