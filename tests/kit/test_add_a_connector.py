"""The page about adding a connector is what happens, command by command."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/add-a-connector.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A command of the page, and what the page shows of its answer; `…` stands for anything."""

    command: str
    shown: tuple[str, ...]


def steps(page: str) -> Iterator[Step]:
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield Step(command, tuple(shown))


def carried_out(page: str, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for step in steps(page):
        words = shlex.split(step.command)
        if words[0] == "cd":
            folder = folder / words[1]
            continue
        ended = subprocess.run(  # noqa: S602 -- the commands of our own page
            step.command,
            shell=True,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        said = ended.stdout + ended.stderr
        assert ended.returncode == 0, f"{step.command}\n{said}"
        assert re.search(pattern(step.shown), said), f"{step.command}\n{said}"


def pattern(shown: tuple[str, ...]) -> str:
    lines = [".*?".join(map(re.escape, line.split("…"))) for line in shown]
    return "(?s)" + ".*?".join(lines)


def test_the_hour_goes_as_the_page_says(tmp_path: Path) -> None:
    carried_out(PAGE.read_text("utf-8"), tmp_path)
    assert (tmp_path / "acme-avgate/acme_avgate/avgate-conformance.json").exists()


def test_the_least_connector_is_one() -> None:
    (code,) = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 -- the code of our own page
    assert names["AcmeConnector"].settings_type is names["Settings"]  # type: ignore[attr-defined]  # a class of the page
