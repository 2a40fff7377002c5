"""`avgate connectors` beside packages that are broken, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .invented_distributions import CONNECTOR, Site, claim

_CONFIG = """
connectors_allowed = ["avgate", "acme-avgate>=1,<2", "broken", "garbled"]
[controllers.libervoice]
title = "L"
retention = "libervoice-2019"
"""


def listed(folder: Path) -> tuple[int, dict[str, Any]]:
    (folder / "avgate.toml").write_text(_CONFIG)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}
    command = ["-m", "avgate_gateway.cli", "connectors", "--json", "--config", "avgate.toml"]
    ran = subprocess.run(  # noqa: S603 -- our own command line
        [sys.executable, *command],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.stdout, ran.stderr
    return ran.returncode, {row["name"]: row for row in json.loads(ran.stdout)["items"]}


def test_the_command_lists_all_whatever_one_does(tmp_path: Path) -> None:
    here = Site(tmp_path)
    claim(here.install("acme-avgate", f"print('hello')\n{CONNECTOR}"), 3)
    here.install("broken", "raise SystemExit", entry="broken = {package}:Acme")
    here.install("garbled")
    (here.about("garbled") / "entry_points.txt").write_bytes(b"\xff avgate.connectors.v1")
    code, rows = listed(tmp_path)
    assert code == 1
    assert (rows["acme"]["refused"], rows["acme"]["level_claimed"]) == (None, 3)
    assert rows["acme"]["protocol"] == "1.0"
    assert "failed with SystemExit" in rows["broken"]["refused"]
    assert "cannot be read" in rows["garbled"]["refused"]
    assert rows["xelion"]["refused"] is None


def test_no_package_is_shown_data_by_calling_itself_a_plugin_of_pydantic(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    source = f"from pathlib import Path\nPath({str(seen)!r}).touch()\nAcme = None\n"
    Site(tmp_path).install("curious", source, group="pydantic")
    code, _ = listed(tmp_path)
    assert code == 0
    assert not seen.exists()
