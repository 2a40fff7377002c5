"""What the shell offers to complete, asked as bash, zsh and fish ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.harness import ran

from .invented_settings import written


def asked(folder: Path, line: str, shell: str = "bash") -> str:
    """What is printed for the last word of a line, in a folder with a config."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    if shell != "bash":
        words = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    told = ran(folder, environment={**words, "_AVGATE_COMPLETE": f"complete_{shell}"})
    assert (told.returncode, told.stderr) == (0, "")
    return told.stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("avgate se", ["serve", "settings"]),
        ("avgate audit ex", ["export"]),
        ("avgate serve --log-format ", ["json", "text"]),
        ("avgate token --controller ", ["libervoice", "mister-voip"]),
        ("avgate request erase --connector x", ["xelion"]),
        ("avgate pause x", ["xelion"]),
        ("avgate request retry ID --connector x", ["xelion"]),
    ],
)
def test_what_is_offered(tmp_path: Path, line: str, offered: list[str]) -> None:
    written(tmp_path)
    assert asked(tmp_path, line).split() == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_answered_in_their_way(tmp_path: Path, shell: str) -> None:
    assert "Answers HTTP" in asked(tmp_path, "avgate serv", shell)


def test_a_config_that_cannot_be_read_offers_nothing_and_complains_of_nothing(
    tmp_path: Path,
) -> None:
    written(tmp_path, "controllers = [")
    assert asked(tmp_path, "avgate token --controller ").strip() == ""
