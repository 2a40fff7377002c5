"""The units for systemd: it can read them, their commands exist, and both are closed in alike."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .test_documentation import _resolved

UNITS = Path(__file__).parents[1] / "deploy/systemd"
NAMES = ("avgate.service", "avgate-worker@.service")
AVGATE = Path(sys.executable).with_name("avgate")
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 20  # tenths, of 100
LEAST = {
    "LimitCORE": "0", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes",
    "MemoryDenyWriteExecute": "yes", "Restart": "on-failure", "Type": "notify", "UMask": "0077",
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
