"""What a test is played from cannot be missing unnoticed, or differ from what is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAYER = """
from pathlib import Path
from urllib.request import urlopen
from vcr import VCR

def test_plays(base):
    tape = Path(__file__).with_name("cassettes") / "one.yaml"
    mode = "none" if tape.exists() else "once"
    with VCR(record_mode=mode).use_cassette(str(tape)):
        assert urlopen(base).status == 200
"""
SERVER = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import pytest

class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): ...

@pytest.fixture
def base():
    with HTTPServer(("127.0.0.1", PORT), Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A connector's folder with one test, beside the rule that holds for all of them."""
    own = tmp_path / "connectors" / "one"
    (own / "cassettes").mkdir(parents=True)
    rule = (ROOT / "connectors" / "conftest.py").read_text()
    (own.parent / "conftest.py").write_text(rule)
    (own / "conftest.py").write_text(SERVER.replace("PORT", "0"))
    (own / "test_one.py").write_text(PLAYER)
    return own


def ran(folder: Path, *more: str) -> tuple[int, str]:
    less = [f"-pno:{name}" for name in ("cacheprovider", "hypothesispytest", "respx", "anyio")]
    ended = subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-m", "pytest", "-q", *less, str(folder), *more],
        cwd=folder.parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_a_missing_cassette_is_a_failure_and_stays_missing(folder: Path) -> None:
    code, told = ran(folder)
    assert code == 1
    assert "there is no cassette one.yaml" in told
    assert not list(folder.glob("cassettes/*"))


def test_a_cassette_is_recorded_when_that_is_asked_for(folder: Path) -> None:
    code, told = ran(folder, "--record")
    assert code == 0, told
    assert [path.name for path in folder.glob("cassettes/*")] == ["one.yaml"]


def test_a_call_that_the_cassette_does_not_have_is_a_failure(folder: Path) -> None:
    assert ran(folder, "--record")[0] == 0
    tape = folder / "cassettes" / "one.yaml"
    before = tape.read_text()
    code, told = ran(folder)  # another port, so another address than the recorded one
    assert code == 1
    assert "vcr.errors.CannotOverwrite" in told
    assert tape.read_text() == before
