"""A key is there whole, or not at all, at whatever moment its maker dies."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

from avgate_gateway.key_on_disk import create
from avgate_gateway.key_sources import from_file, make_file


def test_a_maker_that_dies_while_it_writes_leaves_no_half_a_key_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))  # a write beyond is its death
        make_file(path)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGXFSZ
    assert not path.exists()
    make_file(path)
    assert len(from_file(path)) == 1


def test_who_comes_second_leaves_the_key_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    create(path, b"first")
    create(path, b"second")
    assert path.read_bytes() == b"first"
    assert [one.name for one in tmp_path.iterdir()] == ["a.key"]
    assert path.stat().st_mode & 0o077 == 0
