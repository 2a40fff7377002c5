"""The units for systemd: it can read them, their commands exist, and both are closed in alike."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .flow.process import free_port
from .test_documentation import _resolved

UNITS = Path(__file__).parents[1] / "deploy/systemd"
NAMES = ("avgate.service", "avgate-worker@.service")
AVGATE = Path(sys.executable).with_name("avgate")
ANALYZE = shutil.which("systemd-analyze")
_NO_NEW_PRIVILEGES, _NO_WRITTEN_CODE, _HAS = (
    38,
    65,
    66,
)  # PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, PR_GET_MDWE
MDWE = sys.platform == "linux" and ctypes.CDLL(None).prctl(_HAS, 0, 0, 0, 0) >= 0
MOST_EXPOSED = 20  # tenths, of 100
LEAST = {
    "LimitCORE": "0", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes",
    "MemoryDenyWriteExecute": "yes", "Restart": "always", "Type": "notify", "UMask": "0077",
    "StateDirectory": "avgate", "KillMode": "mixed",
}  # fmt: skip


def service(name: str) -> dict[str, list[str]]:
    """What stands under [Service], in its order."""
    text = (UNITS / name).read_text("utf-8").partition("[Service]\n")[2].partition("\n[")[0]
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_command_exists_with_its_options(name: str) -> None:
    [line] = service(name)["ExecStart"]
    program, *words = line.split()
    known, rest = _resolved(words)
    assert program == "/opt/avgate/bin/avgate"
    assert {word for word in rest if word.startswith("-")} <= known


def closed_in() -> None:
    """As the unit says, as far as a process can do it to itself; before it becomes the gateway."""
    libc = ctypes.CDLL(None, use_errno=True)
    for what, one in ((_NO_NEW_PRIVILEGES, 1), (_NO_WRITTEN_CODE, 1)):
        if libc.prctl(what, one, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


@pytest.mark.skipif(not MDWE, reason="the kernel cannot refuse memory that is written and run")
def test_it_starts_closed_in_tells_that_it_is_ready_makes_a_letter_and_ends_in_time(
    tmp_path: Path,
) -> None:
    """Under a real systemd 252 the unit was seen to do the same; this is what can be had anywhere."""
    [line] = service("avgate.service")["ExecStart"]
    port = str(free_port())
    (tmp_path / "avgate.toml").write_text(
        '[controllers.libervoice]\ntitle = "Libervoice B.V."\nretention = "libervoice-2019"\n'
    )
    swapped = {"/opt/avgate/bin/avgate": str(AVGATE), "/etc/avgate/avgate.toml": "avgate.toml"}
    words = [{**swapped, "8080": port}.get(word, word) for word in line.split()]
    reach = ["--config", "avgate.toml", "--client", "desk", "--url", f"http://127.0.0.1:{port}"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.bind(f"\0avgate-unit-{os.getpid()}")
        way.settimeout(60)
        told = {"NOTIFY_SOCKET": f"@avgate-unit-{os.getpid()}", "WATCHDOG_USEC": "90000000"}
        with subprocess.Popen(  # noqa: S603 -- our own command
            words, cwd=tmp_path, env={**os.environ, **told}, preexec_fn=closed_in,  # noqa: PLW1509 -- no threads here
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as running:  # fmt: skip
            try:
                assert {way.recv(100), way.recv(100)} == {b"READY=1", b"WATCHDOG=1"}
                asked = [str(AVGATE), "request", "restrict", "--customer-id", "1", "--json", *reach]
                made = json.loads(subprocess.check_output(asked, cwd=tmp_path))  # noqa: S603 -- likewise
                letter = [str(AVGATE), "request", "letter", made["request"]["id"], "--out", "l.pdf"]
                subprocess.check_call([*letter, *reach], cwd=tmp_path)  # noqa: S603 -- likewise
            finally:
                running.terminate()
            while way.recv(100) != b"STOPPING=1":
                pass
            assert running.wait(int(service("avgate.service")["TimeoutStopSec"][0])) == 0
    assert (tmp_path / "l.pdf").read_bytes().startswith(b"%PDF")
    others = [p.name for p in tmp_path.glob("avgate*") if p.stat().st_mode & 0o077]
    assert others == ["avgate.toml"], "what the gateway made is for nobody else"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_closed_in_and_has_time_to_end(name: str) -> None:
    found = service(name)
    assert {key: found.get(key) for key in LEAST} == {key: [says] for key, says in LEAST.items()}
    assert int(found["TimeoutStopSec"][0]) >= 20 + 10 + 15


def test_both_are_closed_in_alike() -> None:
    one, other = (service(name) for name in NAMES)
    del one["ExecStart"], other["ExecStart"]
    assert one == other


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not here")
@pytest.mark.parametrize("name", NAMES)
def test_systemd_reads_it_without_a_word_and_finds_little_exposed(
    tmp_path: Path, name: str
) -> None:
    assert ANALYZE is not None
    unit = tmp_path / name
    text = (UNITS / name).read_text("utf-8")
    unit.write_text(text.replace("/opt/avgate/bin/avgate", str(AVGATE)))
    read = subprocess.run([ANALYZE, "verify", unit], capture_output=True, text=True)  # noqa: PLW1510, S603 -- looked at below; systemd's own
    assert (read.returncode, read.stderr) == (0, "")
    rated = subprocess.run(  # noqa: PLW1510, S603 -- as above
        [ANALYZE, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", unit],
        capture_output=True, text=True,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-300:]
