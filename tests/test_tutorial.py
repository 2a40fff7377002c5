"""The tutorial is what happens, command by command; what ends in `&` goes on until the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avgate_gateway.cli.exits import Exit

from .flow.harness import until
from .flow.process import Process, free_port
from .kit.test_add_a_connector import Step, pattern, steps

PAGE = Path(__file__).parents[1] / "docs/tutorial.md"
_WELL = (Exit.DONE, Exit.WAITS_FOR_A_PERSON, Exit.NOT_ALL_DONE, Exit.UNDER_WAY)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@contextmanager
def beside(step: Step, folder: Path, name: str, environment: dict[str, str]) -> Iterator[None]:
    """A server, once it has said what the page shows."""
    log = folder / f"{name}.log"
    command = ["bash", "-c", f"exec {step.command.removesuffix('&')}"]
    process = Process(command, folder, log, environment)
    process.start()
    try:
        until(lambda: re.search(pattern(step.shown), log.read_text()) is not None, 60)
        yield
    finally:
        process.end()


def said(step: Step, folder: Path, environment: dict[str, str]) -> str:
    ended = subprocess.run(  # noqa: S602 -- the commands of our own page
        step.command,
        shell=True,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    told = ended.stdout + ended.stderr
    assert ended.returncode in _WELL, f"{step.command}\n{told}"
    assert re.search(pattern(step.shown), told), f"{step.command}\n{told}"
    return told


def test_the_ten_minutes_go_as_the_page_says(tmp_path: Path) -> None:
    ports = {"8080": str(free_port()), "--port-base 9100": "--port-base 0"}
    page = PAGE.read_text("utf-8")
    for fixed, free in ports.items():
        page = page.replace(fixed, free)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "AVGATE_URL": f"http://127.0.0.1:{ports['8080']}"}
    mocks, gateway, *others = steps(page)
    assert all(one.command.endswith("&") for one in (mocks, gateway))
    request = ""
    here = (tmp_path, "mocks", environment), (tmp_path, "gateway", environment)
    with beside(mocks, *here[0]), beside(gateway, *here[1]):
        for written in others:
            step = Step(written.command.replace("REQUEST", request), written.shown)
            told = said(step, tmp_path, environment)
            request = _ID.findall(told)[-1] if " erase " in step.command else request
    assert (tmp_path / "copy.zip").stat().st_size > 10_000
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF")
