"""Tables that are one account's and used by another: made, changed and granted by the one, and never by a start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.opening import open_store
from avgate_gateway.settings import load
from avgate_gateway.store.migrations import HEAD
from avgate_gateway.store.migrations.upgrading import upgrade
from avgate_gateway.store.synchronous import engine_of

from .cluster import OWNER, SERVICE, as_account, shared

CONTROLLER = '[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'
UNSET = 'connectors.operator.client_id = "env:NOT_SET"\n'  # what whoever migrates need not have
HIDDEN = f"""ALTER SCHEMA public OWNER TO postgres; REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO {OWNER}"""
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def url() -> str:
    """A new and empty database, for its owner."""
    return shared().empty()


@pytest.fixture
def config(url: str, tmp_path: Path) -> Path:
    path = tmp_path / "avgate.toml"
    path.write_text(f'database = "{as_account(SERVICE, url)}"\n{CONTROLLER}')
    return path


@pytest.fixture
def command(config: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command, and gives its code and what it said."""

    def said(*words: str) -> tuple[int, str]:
        code = run([*words, "--config", str(config)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return said


@pytest.fixture
def by_file(url: str, tmp_path: Path) -> str:
    """The owner's address as an option."""
    (tmp_path / "owner").write_text(url + "\n")
    return f"file:{tmp_path / 'owner'}"


def at_version(url: str, version: str) -> None:
    engine = engine_of(url, None)
    with engine.begin() as connection:
        upgrade(connection, version)
    engine.dispose()


def version(url: str) -> str:
    [(found,)] = shared().ask("SELECT version_num FROM alembic_version", url=url)
    return str(found)


def test_without_tables_a_start_says_who_makes_them(
    command: Command, config: Path, by_file: str
) -> None:
    for word in ("serve", "work", "migrate"):
        code, told = command(word)
        assert code == Exit.USAGE
        assert "there are no tables" in told
        assert "avgate migrate --owner" in told
    code, told = command("migrate", "--owner", by_file)
    assert (code, told) == (
        Exit.DONE,
        f"the database is up to date, and {SERVICE} may use it\n",
    )
    assert command("migrate")[0] == Exit.DONE
    open_store(load(config, {}))


def test_with_tables_of_an_earlier_release_a_start_changes_nothing_and_says_so(
    command: Command, url: str, by_file: str
) -> None:
    at_version(url, "0015")
    shared().ask(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {SERVICE}", url=url)
    code, told = command("migrate")
    assert code == Exit.USAGE
    assert "of an earlier release" in told
    assert version(url) == "0015"
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    assert version(url) == HEAD
    assert command("migrate")[0] == Exit.DONE


def test_tables_that_were_not_granted_or_not_all_are_said_to_be(
    command: Command, url: str, by_file: str
) -> None:
    at_version(url, HEAD)
    code, told = command("migrate")
    assert (code, "another account's" in told) == (Exit.USAGE, True)
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    shared().ask(f"REVOKE UPDATE (wrapped) ON keyring FROM {SERVICE}", url=url)
    code, told = command("migrate")
    assert (code, "may not UPDATE keyring.wrapped" in told) == (Exit.USAGE, True)
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    assert command("migrate")[0] == Exit.DONE


def test_what_was_granted_before_and_is_needed_no_more_is_taken_back(
    command: Command, url: str, by_file: str
) -> None:
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    shared().ask(f"GRANT ALL ON evidence, request TO {SERVICE}", url=url)
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    [rights] = shared().ask(
        "SELECT has_table_privilege(%s, 'evidence', 'DELETE'), has_column_privilege(%s, 'request', 'id', 'UPDATE')",
        SERVICE, SERVICE, url=url,
    )  # fmt: skip
    assert rights == (False, False)


def test_whoever_owns_the_tables_or_may_act_as_their_owner_is_no_account_for_a_gateway(
    command: Command, by_file: str
) -> None:
    for role in (OWNER, "postgres"):
        code, told = command("migrate", "--owner", by_file, "--service", role)
        assert (code, "may act as the owner" in told) == (Exit.USAGE, True)
    code, told = command("migrate", "--owner", by_file, "--service", "nobody_here")
    assert (code, "there is no role nobody_here" in told) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("loose", "said"),
    [
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public"),
        ("GRANT TEMPORARY ON DATABASE {name} TO PUBLIC", "REVOKE TEMPORARY ON DATABASE {name}"),
        (f"GRANT CREATE ON DATABASE {{name}} TO {SERVICE}", "REVOKE CREATE ON DATABASE {name}"),
        (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT DELETE ON TABLES TO PUBLIC",
            "could DELETE alembic_version",
        ),
        (HIDDEN, "run: GRANT USAGE ON SCHEMA public"),
        ("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC", "run: GRANT CONNECT ON DATABASE {name}"),
    ],
)
def test_a_role_that_could_do_more_or_less_is_refused_and_nothing_is_done(
    command: Command, url: str, by_file: str, loose: str, said: str
) -> None:
    name = url.rpartition("/")[2]
    for statement in loose.format(name=name).split(";"):
        shared().ask(statement, url=url)
    code, told = command("migrate", "--owner", by_file)
    assert (code, said.format(name=name) in told) == (Exit.USAGE, True), told
    assert shared().ask("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", url=url) == []


def test_tables_of_a_later_release_are_left_as_they_are(
    command: Command, url: str, by_file: str
) -> None:
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    shared().ask("UPDATE alembic_version SET version_num = '9999'", url=url)
    shared().ask(f"GRANT DELETE ON callback TO {SERVICE}", url=url)
    code, told = command("migrate", "--owner", by_file)
    assert (code, "of a later release" in told) == (Exit.USAGE, True)
    assert command("migrate")[0] == Exit.DONE, "a start may be beside the next release"
    [(drops,)] = shared().ask(
        "SELECT has_table_privilege(%s, 'callback', 'DELETE')", SERVICE, url=url
    )
    assert drops, "that is the next release's to say"


def test_whoever_migrates_needs_no_password_of_the_gateway_and_shows_none(
    command: Command, config: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(f'master_key = "env:NOT_SET"\n{config.read_text()}{UNSET}')
    monkeypatch.setenv("AVGATE_OWNER", url)
    assert command("migrate", "--owner", "env:AVGATE_OWNER")[0] == Exit.DONE
    assert command("migrate", "--owner", url)[0] == Exit.DONE, "it holds no password"
    shown = as_account(f"{OWNER}:secret", url)
    for wrong, said in (
        (shown, "is seen by everybody"),
        (f"{url}?password=secret", "is seen by everybody"),
        ("env:AVGATE_NOBODY", "--owner: the environment variable AVGATE_NOBODY is not set"),
        ("file:not-there", "--owner: the file that it names cannot be read"),
        ("sqlite:///a.db", "--owner: must be postgresql://"),
    ):
        code, told = command("migrate", "--owner", wrong)
        assert (code, said in told) == (Exit.USAGE, True), told
        assert "secret" not in told


def test_the_role_is_the_account_of_the_config_or_named(
    command: Command, config: Path, url: str, by_file: str
) -> None:
    nameless = url.replace(f"{OWNER}@", "")
    config.write_text(f'database = "{nameless}"\n{CONTROLLER}')
    code, told = command("migrate", "--owner", by_file)
    assert (code, "--service" in told) == (Exit.USAGE, True)
    assert command("migrate", "--owner", by_file, "--service", SERVICE)[0] == Exit.DONE
    config.write_text(f'database = "{nameless}?user={SERVICE}"\n{CONTROLLER}')
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    code, told = command("migrate", "--service", SERVICE)
    assert (code, "give --owner" in told) == (Exit.USAGE, True)


def test_the_statements_in_the_documentation_are_enough(
    command: Command, config: Path, by_file: str, url: str
) -> None:
    page = (Path(__file__).parents[2] / "docs/operate.md").read_text()
    block = page.partition("<!-- two accounts -->\n```sql\n")[2].partition("```")[0]
    name = f"t{uuid4().hex}"
    for statement in block.replace("avgate", name).split(";")[:-1]:
        shared().ask(statement)
    own = url.rpartition("/")[0] + f"/{name}"
    Path(by_file.removeprefix("file:")).write_text(as_account(f"{name}_owner", own))
    config.write_text(f'database = "{as_account(name, own)}"\n{CONTROLLER}')
    assert command("migrate", "--owner", by_file)[0] == Exit.DONE
    assert command("migrate")[0] == Exit.DONE


def test_a_file_has_one_owner(command: Command, config: Path, by_file: str) -> None:
    config.write_text(CONTROLLER)
    code, told = command("migrate", "--owner", by_file)
    assert (code, "has one owner" in told) == (Exit.USAGE, True)


def test_one_account_for_everything_still_makes_and_changes_the_tables(
    command: Command, config: Path, url: str
) -> None:
    at_version(url, "0015")
    config.write_text(f'database = "{url}"\n{CONTROLLER}')
    assert command("migrate")[0] == Exit.DONE
    assert version(url) == HEAD
    engine = engine_of(url, None)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT current_user")).scalar() == OWNER
    engine.dispose()


def test_each_way_in_which_a_database_is_not_there_is_told_as_what_it_is(
    command: Command, config: Path, url: str
) -> None:
    code, told = command("audit", "verify")
    assert code == Exit.USAGE
    assert told.endswith("the database has no tables of this release; run `avgate migrate`\n")
    config.write_text(config.read_text().replace(SERVICE, "nobody_here", 1))
    for words in (("audit", "verify"), ("migrate",)):
        code, told = command(*words)
        assert code == Exit.USAGE
        assert "nobody_here" in told or "does not accept the account" in told
    config.write_text(f'database = "{url}_not"\n{CONTROLLER}')
    code, told = command("audit", "verify")
    assert (code, "no database of this name" in told) == (Exit.USAGE, True)
    code, told = command("migrate")
    assert (code, '_not" does not exist; check database in' in told) == (Exit.USAGE, True)
