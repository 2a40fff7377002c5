"""A new connector's project: what was chosen and nothing else, whole or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from avgate_contracts.kit.scaffold import Auth, Choice, ScaffoldError, write_project
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run

ALL = ("access", "rectify", "erase", "export")
ROOT = Path(__file__).parents[2]


def nothing_more(draft: Path) -> None:
    assert draft.is_dir()


def written(folder: Path, name: str, auth: str, *operations: str) -> Path:
    write_project(Choice.of(name, auth, operations), folder, "0.1.0", nothing_more)
    return folder


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


@pytest.mark.parametrize("auth", Auth)
def test_the_connector_is_short_enough_to_read_at_once(tmp_path: Path, auth: str) -> None:
    project = written(tmp_path / "p", "acme", auth, *ALL)
    test = lines(project / "tests/test_acme.py")
    start = next(number for number, line in enumerate(test) if line.startswith("class "))
    assert len(lines(project / "acme_avgate/connector.py")) < 60
    assert len(test) - start < 10


@pytest.mark.parametrize("chosen", [(), ("export",), ("rectify",), ("erase",), ALL])
def test_only_the_chosen_operations_are_there_and_access_always(
    tmp_path: Path, chosen: tuple[str, ...]
) -> None:
    project = written(tmp_path / "p", "acme", "bearer", *chosen)
    connector = (project / "acme_avgate/connector.py").read_text("utf-8")
    there = {name for name in ALL if f"    sdk.Supports{name.title()}," in connector}
    assert there == {"access", *chosen}
    assert (project / "acme_avgate/writing.py").exists() == bool({"rectify", "erase"} & {*chosen})
    code = "".join(p.read_text("utf-8") for p in (project / "acme_avgate").glob("*.py"))
    assert ("PATCH" in code, "DELETE" in code) == ("rectify" in chosen, "erase" in chosen)
    assert "%%" not in "".join(p.read_text("utf-8") for p in project.rglob("*") if p.is_file())


def test_the_readme_has_the_four_headings_of_every_connector(tmp_path: Path) -> None:
    found = lines(written(tmp_path / "p", "acme_crm", "login", "erase") / "README.md")
    assert [line for line in found if line.startswith("## ")] == [
        "## What it holds",
        "## How it finds a person",
        "## What it cannot do",
        "## How to record",
    ]
    assert "- Rectify: it becomes a task for a person." in found


@pytest.mark.parametrize(
    ("name", "auth", "operations", "says"),
    [
        ("", "bearer", "access", "small letters"),
        ("Acme", "bearer", "access", "small letters"),
        ("acme-crm", "bearer", "access", "acme_crm"),
        ("class", "bearer", "access", "Python's own"),
        ("9lives", "bearer", "access", "starts with a letter"),
        ("../evil", "bearer", "access", "small letters"),
        ("acme\n", "bearer", "access", "small letters"),
        ("a" * 25, "bearer", "access", "1 to 24"),
        ("xelion", "bearer", "access", "another name"),
        ("acme", "oauth", "access", "oauth2-client-credentials, bearer"),
        ("acme", "bearer", "access,delete", "access, rectify, erase, export"),
        ("acme", "bearer", "restrict", "access, rectify, erase, export"),
    ],
)
def test_what_cannot_be_chosen_is_one_line_that_says_what_can(
    name: str, auth: str, operations: str, says: str
) -> None:
    with pytest.raises(ScaffoldError) as caught:
        Choice.of(name, auth, operations.split(","))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_with_something_in_it_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    assert run(["new", "acme", "--folder", str(tmp_path)]) == Exit.USAGE
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"
    assert capsys.readouterr().err == (
        "avgate: the folder is not empty; name a new one with --folder\n"
    )


@pytest.mark.parametrize(
    "mistake", [["--auth", "magic"], ["--operations", "forget"], ["--folder", "/proc/acme"]]
)
def test_a_mistake_is_one_line_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mistake: list[str]
) -> None:
    assert run(["new", "acme", "--folder", str(tmp_path / "p"), *mistake]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("mine", "utf-8")
    with pytest.raises(ScaffoldError, match="a file of that name"):
        written(tmp_path / "acme", "acme", "bearer")


def test_what_fails_half_way_leaves_nothing_not_even_a_folder(tmp_path: Path) -> None:
    def breaks(draft: Path) -> None:
        raise ArithmeticError(len(list(draft.iterdir())))

    with pytest.raises(ArithmeticError):
        write_project(Choice.of("acme", "basic", []), tmp_path / "new/er/p", "0.1.0", breaks)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    assert (written(tmp_path / "p", "acme", "bearer") / "pyproject.toml").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["p"]


def test_every_kind_of_project_satisfies_the_linter_and_the_type_checker(tmp_path: Path) -> None:
    for number, auth in enumerate(Auth):
        written(tmp_path / f"p{number}", f"acme{number}", auth, *ALL)
    written(tmp_path / "p5", "wholesale_billing_portal", "login", "erase", "export")
    written(tmp_path / "p6", "ab", "basic", "rectify")
    written(tmp_path / "p7", "acme7", "bearer")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    checked = [str(p) for path in paths for p in Path(path).rglob("*.py")]
    for command in (
        ["ruff", "check", "--no-cache", *paths],
        ["ruff", "format", "--no-cache", "--check", "--isolated", *paths],
        ["mypy", "--strict", "--cache-dir", str(tmp_path / ".mypy_cache"), *checked],
    ):
        ended = subprocess.run(  # noqa: S603 -- our own tools on files that we wrote
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={"MYPYPATH": ":".join(f"{path}:{path}/tests" for path in paths)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
