"""The command line: what it says, what it exits with, and what it never repeats."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import typer
from typer.main import get_command

from avgate_contracts.http import Runtime
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.cli.answers import ReportAnswer, ReportLine, RequestAnswer
from avgate_gateway.cli.application import COMMANDS, app
from avgate_gateway.cli.demo.children import child
from avgate_gateway.cli.demo.play import Ended
from avgate_gateway.cli.demo.result import operation_json, shortcomings
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.gateway_client import GatewayClient
from avgate_gateway.cli.request import subject
from avgate_gateway.cli.request.download import save_package
from avgate_gateway.cli.request.outcome import ending, exit_code
from avgate_gateway.cli.request.reaching import Reach
from avgate_gateway.cli.running import run
from avgate_gateway.cli.watching import watched
from avgate_gateway.store import evidence
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate

PHONE = "+31201234567"
REACH = Reach("http://127.0.0.1:8080", None, Path("avgate.toml"), "libervoice", "desk")
HEAVY = {"fastapi", "sqlalchemy", "dbos", "alembic", "httpx", "pydantic"}


def request(**changes: object) -> RequestAnswer:
    values: dict[str, object] = {
        "id": "r-1",
        "operation": "erase",
        "state": "closed",
        "waiting_for": None,
        "controller": "libervoice",
        "submitted_by": "desk",
        "due": {"promised": "2026-12-19", "legal": "2026-12-21"},
        "plan": None,
        "connectors": [part()],
        "closing": None,
    }
    return RequestAnswer.model_validate({**values, **changes})


def part(**changes: object) -> dict[str, object]:
    return {
        "connector": "operator",
        "stage": "done",
        "outcome": "completed",
        "items": {"erased": 2},
        "attempts": 0,
        "next_attempt_at": None,
        "reason": None,
        "quarantined": 0,
        **changes,
    }


def line(
    connector: str, outcome: str, category: str | None = "contact", count: int = 1
) -> ReportLine:
    return ReportLine(
        connector=connector, category=category, product="general", outcome=outcome, count=count,
        ground=None, until=None, effective_from=None, reason=None, detail=None,
    )  # fmt: skip


def client(
    answers: dict[str, httpx.Response], seen: list[httpx.Request] | None = None
) -> GatewayClient:
    def answer(asked: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(asked)
        return answers[f"{asked.method} {asked.url.path}"]

    runtime = Runtime(transport=lambda: httpx.MockTransport(answer), sleep=_no_sleep)
    return GatewayClient.at("http://127.0.0.1:1", "token", runtime)


async def _no_sleep(_seconds: float) -> None:
    """Goes on at once."""


def as_json(answer: RequestAnswer) -> httpx.Response:
    return httpx.Response(200, json=answer.model_dump(mode="json"))


# The table of commands


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    command = COMMANDS[name].command(name)
    assert command.help.splitlines()[0] == COMMANDS[name].help


def test_nothing_heavy_is_imported_before_a_command_is_called() -> None:
    code = (
        "import sys; from avgate_gateway.cli.running import run; run(['--help']);"
        "sys.stderr.write(','.join(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 -- our own interpreter
    assert not HEAVY & set(done.stderr.split(","))
    assert all(name in done.stdout for name in COMMANDS)


def test_every_command_explains_itself() -> None:
    group = get_command(app)
    assert sorted(group.list_commands(None)) == sorted(COMMANDS)
    assert all(group.get_command(None, name).help for name in COMMANDS)


def test_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == Exit.DONE
    assert capsys.readouterr().out.startswith("avgate ")


# What is typed is not repeated


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


# Identifiers and changes


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


# The conversation with the gateway


async def test_a_submission_carries_its_key_and_token() -> None:
    seen: list[httpx.Request] = []
    talk = client({"POST /v1/requests": as_json(request())}, seen)
    await talk.submit({"operation": "access"}, key="k-1")
    assert seen[0].headers["idempotency-key"] == "k-1"
    assert seen[0].headers["authorization"] == "Bearer token"


async def test_a_refusal_is_told_in_the_gateways_words() -> None:
    problem = {
        "title": "The body holds something that cannot be accepted",
        "status": 422,
        "errors": [{"pointer": "#/subject", "detail": "is missing"}],
    }
    talk = client({"GET /v1/requests/r-1": httpx.Response(422, json=problem)})
    with pytest.raises(CommandError, match=r"cannot be accepted\. #/subject: is missing") as raised:
        await talk.request("r-1")
    assert raised.value.code is Exit.WRONG


async def test_another_controllers_request_is_not_found() -> None:
    talk = client(
        {"GET /v1/requests/r-1": httpx.Response(404, json={"title": "No", "status": 404})}
    )
    with pytest.raises(CommandError) as raised:
        await talk.request("r-1")
    assert raised.value.code is Exit.NOT_FOUND


async def test_a_gateway_that_does_not_answer_is_said_to() -> None:
    talk = client({"GET /v1/requests/r-1": httpx.Response(503)})
    with pytest.raises(CommandError, match="does not answer") as raised:
        await talk.request("r-1")
    assert raised.value.code is Exit.UNREACHABLE


@pytest.mark.parametrize("url", ["http://gateway.example", "ftp://127.0.0.1", "gateway"])
def test_a_token_goes_nowhere_in_the_clear(url: str) -> None:
    with pytest.raises(CommandError, match="must be https"):
        GatewayClient.at(url, "token")


async def test_a_request_is_followed_until_somebody_is_needed() -> None:
    states = iter(
        [
            as_json(request(state="running")),
            as_json(request(state="running")),
            as_json(request(state="waiting", waiting_for="approval")),
        ]
    )
    runtime = Runtime(transport=lambda: httpx.MockTransport(lambda _: next(states)))
    talk = GatewayClient.at("http://127.0.0.1:1", "token", runtime)
    calm = Runtime(sleep=_no_sleep, monotonic=lambda: 0.0)
    seen = [r.state async for r in watched(talk, "r-1", seconds=9, runtime=calm)]
    assert seen == ["running", "waiting"]


async def test_a_request_is_not_followed_for_longer_than_asked() -> None:
    talk = client({"GET /v1/requests/r-1": as_json(request(state="running"))})
    time = iter([0.0, 1.0, 2.0, 3.0])
    runtime = Runtime(sleep=_no_sleep, monotonic=lambda: next(time))
    seen = [r.state async for r in watched(talk, "r-1", seconds=2, runtime=runtime)]
    assert seen == ["running"]


async def test_a_package_is_saved_for_one_pair_of_eyes(tmp_path: Path) -> None:
    talk = client({"GET /v1/requests/r-1/package": httpx.Response(200, content=b"PK..")})
    saved = tmp_path / "copy.zip"
    assert await save_package(talk, "r-1", saved) == 4
    assert saved.read_bytes() == b"PK.."
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


async def test_a_package_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    gone = httpx.Response(
        410, json={"title": "This has been destroyed, as promised", "status": 410}
    )
    talk = client({"GET /v1/requests/r-1/package": gone})
    with pytest.raises(CommandError, match="destroyed"):
        await save_package(talk, "r-1", tmp_path / "copy.zip")
    assert not _left_in(tmp_path)


def _left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


# How it ends


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, Exit.DONE),
        ({"connectors": [part(outcome="nothing_held"), part(outcome="not_relevant")]}, Exit.DONE),
        ({"connectors": [part(), part(outcome="failed")]}, Exit.NOT_ALL_DONE),
        ({"connectors": [part(outcome="refused")]}, Exit.NOT_ALL_DONE),
        ({"closing": "rejected"}, Exit.NOT_ALL_DONE),
        ({"state": "waiting", "waiting_for": "identity"}, Exit.WAITS_FOR_A_PERSON),
        ({"state": "waiting", "waiting_for": "approval"}, Exit.WAITS_FOR_A_PERSON),
        ({"state": "waiting", "waiting_for": "person"}, Exit.WAITS_FOR_A_PERSON),
        ({"state": "waiting", "waiting_for": "upstream"}, Exit.UNDER_WAY),
        ({"state": "running"}, Exit.UNDER_WAY),
    ],
)
def test_the_exit_code_says_how_it_stands(changes: dict[str, object], code: Exit) -> None:
    assert exit_code(request(**changes)) is code


def test_the_next_command_is_a_colleagues_and_complete() -> None:
    waiting = request(state="waiting", waiting_for="approval")
    assert list(ending(waiting, REACH))[1].endswith(
        "avgate request approve r-1 --config avgate.toml --controller libervoice --client COLLEAGUE"
    )


def test_a_token_does_not_show_in_the_next_command() -> None:
    reach = Reach("https://gateway.example", "secret", None, None, None)
    assert reach.command("show", "r-1") == ("avgate request show r-1 --url https://gateway.example")


# The chain of evidence


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
    assert "entry 3 does not fit" in capsys.readouterr().err


def test_an_end_that_was_cut_off_shows_by_the_digest_that_is_missing(
    config: Path, chain: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["audit", "verify", "--config", str(config)])
    last = capsys.readouterr().out.split()[-1]
    _execute(chain, "DELETE FROM evidence WHERE sequence = 5")
    assert run(["audit", "verify", "--config", str(config)]) == Exit.DONE
    assert run(["audit", "verify", "--config", str(config), "--expect", last]) == Exit.WRONG


def test_verifying_makes_no_database(config: Path) -> None:
    assert run(["audit", "verify", "--config", str(config)]) == Exit.USAGE
    assert not (config.parent / "avgate.db").exists()


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


# Settings and connectors


def test_settings_show_where_each_value_comes_from(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["settings", "--config", str(config), "--json"]) == Exit.DONE
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)["items"]}
    assert rows["database"]["source"] == "file"
    assert rows["vault_days"] == {**rows["vault_days"], "value": "30", "source": "default"}


def test_connectors_tell_what_they_can_do(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", "--config", str(config), "--json"]) == Exit.DONE
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["items"]}
    assert rows["directory"]["capabilities"] == ["access", "rectify", "erase", "confirm"]
    assert rows["directory"]["configured_for"] == []


def test_a_refused_connector_is_told_by_the_exit_code(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text()
    config.write_text(f'connectors_allowed = ["other"]\n{text}')
    assert run(["connectors", "--config", str(config)]) == Exit.WRONG
    assert "not in connectors_allowed" in capsys.readouterr().out


# The demo


def ended(operation: Operation, lines: list[ReportLine], **changes: object) -> Ended:
    report = ReportAnswer(totals={}, items=tuple(lines))
    names = dict.fromkeys(each.connector for each in lines)
    parts = [part(connector=name) for name in names]
    return Ended(request(operation=operation.value, connectors=parts, **changes), report)


def test_the_result_counts_items_by_outcome_and_by_category() -> None:
    lines = [
        line("xelion", "erased", "contacts", 2),
        line("xelion", "retained", "communication_metadata", 3),
        line("xelion", "retained", "communication_metadata", 4),
    ]
    told = operation_json(ended(Operation.ERASE, lines))
    assert told == {
        "request_id": "r-1",
        "state": "closed",
        "waiting_for": None,
        "connectors": {
            "xelion": {
                "outcome": "completed",
                "items": {"erased": 2, "retained": 7},
                "kinds": {"contacts": {"erased": 2}, "communication_metadata": {"retained": 7}},
            }
        },
    }


def test_a_demo_that_did_not_end_as_it_should_says_how() -> None:
    names = ("operator", "xelion", "directory", "subprocessors")
    good = ended(Operation.ACCESS, [line(name, "provided") for name in names])
    bad = ended(Operation.EXPORT, [line("operator", "provided"), line("xelion", "failed")])
    told = list(shortcomings({"access": good, "export": bad}))
    assert not [each for each in told if each.startswith("access")]
    assert "rectify did not end" in told
    assert "export: 1 failed at xelion" in told
    assert "export: nothing is provided at xelion" in told


async def test_a_child_is_ended_when_the_block_is_left(tmp_path: Path) -> None:
    code = "import os, time; print(f'ready {os.getpid()}', flush=True); time.sleep(600)"
    async with child("sleeper", ("-c", code), tmp_path) as said:
        number = int(said[-1].split()[1])
        os.kill(number, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


async def test_a_child_that_cannot_start_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="broken did not start"):
        async with child("broken", ("-c", "raise SystemExit('why')"), tmp_path):
            raise AssertionError("it never got ready")
    assert (tmp_path / "broken.log").read_text() == "why\n"


def test_the_demo_ends_as_it_should() -> None:
    command = [sys.executable, "-m", "avgate_gateway.cli", "demo", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)  # noqa: S603, PLW1510 -- our own interpreter; the code is looked at below
    assert done.returncode == Exit.DONE, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"operations", "ledgers"}
    assert {each["state"] for each in told["operations"].values()} == {"closed"}
    assert all(count > 0 for count in told["ledgers"].values())
    assert all(
        set(each["connectors"]) == {"operator", "xelion", "directory", "subprocessors"}
        for each in told["operations"].values()
    )
