"""The command line: what it says, and what it never repeats."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.cli.application import COMMANDS, app
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.request import subject
from avgate_gateway.cli.running import run

from .invented_answers import (
    HEAVY,
    PHONE,
)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    command = COMMANDS[name].command(name)
    assert command.help.splitlines()[0] == COMMANDS[name].help


GROUPS = [name for name, late in COMMANDS.items() if hasattr(late.command(name), "commands")]


@pytest.mark.parametrize("group", [(), *((name,) for name in GROUPS)], ids=str)
def test_no_line_of_a_list_of_commands_is_cut_off_on_a_narrow_terminal(
    group: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*group, "--help"]) == Exit.DONE
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert listed
    assert not [
        line for line in listed.splitlines() if "..." in line or "\N{HORIZONTAL ELLIPSIS}" in line
    ]


def test_nothing_heavy_is_imported_before_a_command_is_called() -> None:
    code = (
        "import sys; from avgate_gateway.cli.running import run; run(['--help']);"
        "sys.stderr.write(','.join(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 -- our own interpreter
    assert not HEAVY & set(done.stderr.split(","))
    assert all(name in done.stdout for name in COMMANDS)


_PASSWORDS = """
database = "env:NOWHERE"

[controllers.a]
title = "A"
retention = "libervoice-2019"
callback_hosts = ["a.example"]
callback_secret = "env:NOWHERE"

[controllers.a.connectors.directory]
password = "env:NOWHERE"

[controllers.a.webhooks.crm]
url = "https://crm.example/called"
secret = "file:nowhere"
"""


def test_whoever_only_signs_a_token_needs_none_of_the_services_passwords(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "avgate.toml"
    config.write_text(_PASSWORDS)
    own = ["--config", str(config)]
    words = ["--controller", "a", "--client", "b", "--scope", "requests:read"]
    assert run(["token", *words, *own]) == Exit.DONE
    assert capsys.readouterr().out.count(".") == 2
    assert run(["console", "--name", "A. Bakker", *own]) == Exit.DONE
    assert "/console/sign-in?code=" in capsys.readouterr().out
    assert run(["request", "tasks", "--client", "b", "--url", "http://127.0.0.1:1024", *own]) == (
        Exit.UNREACHABLE
    )
    assert run(["settings", *own]) == Exit.USAGE
    assert "NOWHERE is not set" in capsys.readouterr().err


def test_a_token_is_made_without_what_only_the_service_needs(tmp_path: Path) -> None:
    config = tmp_path / "avgate.toml"
    config.write_text('[controllers.a]\ntitle = "A"\nretention = "libervoice-2019"\n')
    words = ["token", "--config", str(config), "--controller", "a", "--client", "b"]
    code = (
        f"import sys; from avgate_gateway.cli.running import run;"
        f"run({[*words, '--scope', 'requests:read']});"
        "sys.stderr.write(','.join(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 -- our own interpreter
    assert not (HEAVY - {"pydantic"}) & set(done.stderr.split(","))
    assert done.stdout.splitlines()[-1].count(".") == 2


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_of_the_api_can_be_typed(operation: Operation) -> None:
    group = COMMANDS["request"].command("request")
    assert operation.value in group.commands


def test_every_command_explains_itself() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    context = typer.Context(group)
    assert sorted(group.list_commands(context)) == sorted(COMMANDS)
    found = [group.get_command(context, name) for name in COMMANDS]
    assert all(one is not None and one.help for one in found)


def test_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == Exit.DONE
    assert capsys.readouterr().out.startswith("avgate ")


@pytest.mark.parametrize(
    "typed",
    [
        ["request", "erase", PHONE],
        ["request", "erase", "--phnoe", PHONE],
        ["request", "erase", f"--phnoe={PHONE}"],
        ["request", "erase", "--phone", PHONE, "--seconds", f"{PHONE}x"],
        ["request", PHONE],
        [PHONE],
        ["request", "erase", "--phone", f"{PHONE}000000", "--client", "x"],
        ["request", "rectify", "--phone", PHONE, "--change", PHONE],
        ["request", "show", PHONE, PHONE],
        ["token", "--scope", PHONE],
    ],
    ids=lambda typed: "_".join(typed[:3]).replace(PHONE, "N"),
)
def test_a_mistake_is_one_line_without_what_was_typed(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(typed) == Exit.USAGE
    shown = capsys.readouterr()
    assert PHONE not in shown.out + shown.err
    assert shown.err.startswith("avgate: ")
    assert len(shown.err.splitlines()) == 1


def test_a_mistake_of_ours_is_one_line_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(phone: str) -> None:
        raise ZeroDivisionError(phone)

    commands = typer.Typer()
    commands.command()(broken)
    assert run([PHONE], commands) == Exit.WRONG
    shown = capsys.readouterr().err
    assert "ZeroDivisionError at running.py:" in shown
    assert PHONE not in shown
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (IdentifierKind.EMAIL, "a@b.nl", {"value": "a@b.nl"}),
        (
            IdentifierKind.EMAIL,
            "a@b.nl@2024-01-01..2025-01-01",
            {"value": "a@b.nl", "valid_from": "2024-01-01", "valid_until": "2025-01-01"},
        ),
        (
            IdentifierKind.PHONE,
            f"{PHONE}@2024-01-01..",
            {"value": PHONE, "valid_from": "2024-01-01"},
        ),
        (
            IdentifierKind.PHONE,
            f"{PHONE}@..2025-01-01",
            {"value": PHONE, "valid_until": "2025-01-01"},
        ),
    ],
)
def test_days_follow_a_value(kind: IdentifierKind, text: str, expected: dict[str, str]) -> None:
    assert subject.identifiers({kind: [text]}) == [{"kind": kind.value, **expected}]


def test_a_wrong_identifier_is_named_by_its_option() -> None:
    with pytest.raises(CommandError, match=r"^--phone: "):
        subject.identifiers({IdentifierKind.PHONE: ["12"]})


def test_changes_are_new_values_or_old_and_new() -> None:
    assert subject.changes(["address.street=Nieuweweg", "email=a@b.nl->c@d.nl"]) == [
        {"field": "address.street", "to": "Nieuweweg"},
        {"field": "email", "from": "a@b.nl", "to": "c@d.nl"},
    ]


@pytest.mark.parametrize("wrong", ["address.street", "street=Nieuweweg", "=x"])
def test_a_change_of_an_unknown_field_is_refused(wrong: str) -> None:
    with pytest.raises(CommandError, match="fields are"):
        subject.changes([wrong])


def test_identifiers_come_from_a_file_as_the_api_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "person.json"
    path.write_text('{"identifiers": [{"kind": "email", "value": "a@b.nl"}]}')
    assert subject.from_file(path) == [{"kind": "email", "value": "a@b.nl"}]
    path.write_text("{")
    with pytest.raises(CommandError, match="is not JSON"):
        subject.from_file(path)
