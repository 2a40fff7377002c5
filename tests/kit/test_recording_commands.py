"""Recording again, and looking for drift: what is shown, what is kept, and what never is."""

import io
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from avgate_contracts import conformance
from avgate_contracts.kit.commands.finding import KitError, find_project
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run

EXAMPLE = Path(__file__).parents[2] / "examples/acme-avgate"
Said = pytest.CaptureFixture[str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example, to work in."""
    copy = tmp_path / "acme-avgate"
    shutil.copytree(EXAMPLE, copy)
    monkeypatch.chdir(copy)
    return copy


def cassettes(project: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / "tests/cassettes").iterdir()}


def changed(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


def test_what_has_not_changed_is_said_to_be_the_same(project: Path, capsys: Said) -> None:
    kept = cassettes(project)
    assert run(["drift", "acme"]) == Exit.DONE
    assert "no member of an answer appeared, vanished or changed" in capsys.readouterr().out
    assert cassettes(project) == kept


def test_drift_names_every_member_that_is_another_and_keeps_nothing(
    project: Path, capsys: Said
) -> None:
    kept = cassettes(project)
    mock = project / "tests/acme_mock.py"
    changed(mock, '"name": name,', '"name": name, "born": 1980,')
    changed(mock, '"label": label,', '"label": None,')
    changed(project / "acme_avgate/models.py", "label: str", "label: str | None")
    assert run(["drift", "acme"]) == Exit.WRONG
    said = capsys.readouterr().out
    assert "GET /cards 200: items[].born appeared (integer)" in said
    assert "GET /cards 200: items[].label was string and is null" in said
    assert cassettes(project) == kept


def test_drift_that_breaks_the_connector_is_named_all_the_same(project: Path, capsys: Said) -> None:
    changed(project / "tests/acme_mock.py", '"city": "Amersfoort",', "")
    assert run(["drift"]) == Exit.WRONG
    said = capsys.readouterr()
    assert "GET /cards 200: items[].city vanished" in said.out
    assert "is gone" not in said.out
    assert "avgate: access: ContractBrokenError" in said.err


def test_new_recordings_are_kept_only_when_approved(
    project: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = cassettes(project)
    changed(project / "tests/acme_mock.py", '"name": name,', '"name": name, "born": 1980,')
    monkeypatch.setattr("sys.stdin", io.StringIO(""))  # says neither yes nor no
    assert run(["record", "acme"]) == Exit.INTERRUPTED
    assert "items[].born appeared" in capsys.readouterr().out
    assert cassettes(project) == kept
    assert run(["record", "acme", "--yes"]) == Exit.DONE
    assert cassettes(project).keys() == kept.keys()
    assert cassettes(project)["access.yaml"] != kept["access.yaml"]


def test_nothing_is_written_while_something_must_not_be_in_it(project: Path, capsys: Said) -> None:
    kept = cassettes(project)
    test = project / "tests/test_acme.py"
    mock, status = project / "tests/acme_mock.py", "self.send_response(status)\n"
    changed(mock, status, f'{status}        self.send_header("Set-Cookie", "of=somebody")\n')
    kept_header = 'redaction = Redaction(headers={"set-cookie"})'
    changed(test, "    connector = ", f"    {kept_header}\n    connector = ")
    changed(
        test,
        "from avgate_contracts.kit import ConnectorContract",
        "from avgate_contracts.kit import ConnectorContract\n"
        "from avgate_contracts.kit.redaction import Redaction",
    )
    assert run(["record", "acme", "--yes"]) == Exit.WRONG
    said = capsys.readouterr()
    found = "avgate: check.yaml, interaction 1, answer, header set-cookie: a credential header"
    assert said.err.startswith(found)
    assert said.err.splitlines()[-1] == "avgate: nothing was written"
    assert "somebody" not in said.err + said.out
    assert cassettes(project) == kept


def test_a_sandbox_is_named_in_a_file_of_its_own(project: Path, capsys: Said) -> None:
    """Nobody listens there, so that nothing is recorded shows that the file was read."""
    (project / "sandbox.toml").write_text('base_url = "http://127.0.0.1:1024"\n', "utf-8")
    assert run(["record", "--settings", "sandbox.toml", "--yes"]) == Exit.WRONG
    assert "avgate: check: UnavailableError" in capsys.readouterr().err


def test_settings_that_cannot_be_read_are_said_to_be(project: Path, capsys: Said) -> None:
    (project / "sandbox.toml").write_text("base_url =\n", "utf-8")
    for name in ("sandbox.toml", "missing.toml"):
        assert run(["drift", "--settings", name]) == Exit.WRONG
        assert "name a TOML file with --settings" in capsys.readouterr().err


def test_tests_that_cannot_be_imported_are_said_to_be(project: Path, capsys: Said) -> None:
    (project / "acme_avgate/client.py").write_text("import nothing_like_it\n", "utf-8")
    assert run(["record", "--yes"]) == Exit.WRONG
    said = capsys.readouterr().err
    assert said.startswith("avgate: the tests cannot be imported:")
    assert "nothing_like_it" in said


def test_the_example_earns_its_level_and_says_so_in_its_package(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "acme_avgate" / conformance.FILE_NAME).unlink()
    assert run(["test", "acme", "--json"]) == Exit.DONE
    assert "acme: L" in capfd.readouterr().out
    package = project / "acme_avgate"
    found = conformance.shipped(package)
    assert found is not None
    assert found.level >= 4
    found.insist("acme", conformance.source_digest(package))


def test_the_evidence_that_the_example_ships_is_about_its_source() -> None:
    package = EXAMPLE / "acme_avgate"
    found = conformance.shipped(package)
    assert found is not None
    found.insist("acme", conformance.source_digest(package))


def test_a_connector_that_breaks_a_promise_is_noticed(project: Path) -> None:
    changed(project / "acme_avgate/client.py", "if page.next is None:", "if True:")
    assert run(["test", "acme", "--output", "here.json"]) == Exit.WRONG
    found = conformance.read((project / "here.json").read_bytes())
    assert found.level < 2


def test_a_connector_is_found_by_name_folder_or_file(tmp_path: Path) -> None:
    one = _tests(tmp_path / "one", "acme")
    two = _tests(tmp_path / "two", "other")
    assert find_project(tmp_path, "acme").tests == [one]
    assert find_project(tmp_path, "two").tests == [two]
    assert find_project(tmp_path, "two/tests/test_other.py").root == tmp_path / "two"
    assert find_project(tmp_path / "one", None).root == tmp_path / "one"
    with pytest.raises(KitError, match="more than one project"):
        find_project(tmp_path, None)
    for nothing in ("third", "one/tests/../none"):
        with pytest.raises(KitError, match="name its folder"):
            find_project(tmp_path, nothing)


def _tests(project: Path, name: str) -> Path:
    test = project / f"tests/test_{name}.py"
    test.parent.mkdir(parents=True)
    test.write_text("class TestIt(ConnectorContract): ...\n", "utf-8")
    (project / "pyproject.toml").touch()
    (project / ".venv/tests").mkdir(parents=True)
    shutil.copy(test, project / ".venv/tests/test_acme.py")
    return test
