"""The log waits for whoever reads it, and nobody waits for the log."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from avgate_gateway.cli.standard_error import PatientHandler
from avgate_gateway.logs.rendering import formatter

_LEAST = 4096  # the smallest pipe that Linux makes


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that is full already, and that nobody reads yet."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _LEAST)
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"-" * (_LEAST - 1) + b"\n")
    os.set_blocking(write, True)
    yield read, write
    for one in (read, write):
        with suppress(OSError):
            os.close(one)


Opened = Callable[..., logging.Logger]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """A logger of ours, all of whose lines go to one descriptor."""
    own = logging.getLogger("avgate")
    made: list[logging.Handler] = []

    def to(descriptor: int, **more: int) -> logging.Logger:
        handler = PatientHandler(descriptor, **more)
        handler.setFormatter(formatter(json=True))
        made.append(handler)
        own.addHandler(handler)
        return own

    yield to
    for handler in made:
        own.removeHandler(handler)
        handler.close()


def lines(read: int, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """What is read from a pipe, up to a line."""
    found: list[dict[str, Any]] = []
    with os.fdopen(os.dup(read), "rb", buffering=0) as file:
        for line in iter(file.readline, b""):
            if line.startswith(b"{"):
                found.append(json.loads(line))
                if until(found[-1]):
                    break
    return found


def test_nobody_waits_for_who_does_not_read_and_nothing_is_missing_once_they_do(
    pipe: tuple[int, int], opened: Opened
) -> None:
    read, write = pipe
    log = opened(write)
    for number in range(500):
        log.warning("line %d", number)  # would wait for ever
    found = lines(read, lambda line: line["event"] == "line 499")
    assert [line["event"] for line in found] == [f"line {number}" for number in range(500)]


def test_a_line_that_is_longer_than_the_room_for_it_arrives_whole(
    pipe: tuple[int, int], opened: Opened
) -> None:
    read, write = pipe
    log = opened(write)
    log.warning("long %s", "x" * 3 * _LEAST)
    log.warning("after")
    found = lines(read, lambda line: line["event"] == "after")
    assert [len(line["event"]) for line in found] == [len("long ") + 3 * _LEAST, len("after")]


def test_what_is_lost_is_counted_and_told(pipe: tuple[int, int], opened: Opened) -> None:
    read, write = pipe
    log = opened(write, most_kept=20)
    for number in range(500):
        log.warning("line %d", number)
    found = lines(read, lambda line: line["event"] == "log.lost")
    arrived = [int(line["event"].removeprefix("line ")) for line in found[:-1]]
    assert arrived[:20] == [*range(20)]
    assert arrived == sorted(set(arrived))
    assert found[-1]["count"] == 500 - len(arrived) > 0


def test_a_disk_that_is_full_or_a_reader_who_has_gone_costs_only_lines(
    tmp_path: Path, opened: Opened, capfd: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("wb", buffering=0) as disk:
        log = opened(disk.fileno())
        log.warning("lost")
        read, write = os.pipe()
        os.close(read)
        os.dup2(write, disk.fileno())
        os.close(write)
        log.warning("lost too")
        with (tmp_path / "log").open("wb") as file:
            os.dup2(file.fileno(), disk.fileno())
        log.warning("told")
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(line["event"], line.get("count")) for line in told] == [
        ("told", None),
        ("log.lost", 2),
    ]
    assert capfd.readouterr().err == ""  # Python would have told there what the lines hold


def test_a_line_that_cannot_be_made_is_lost_and_shown_to_nobody(
    tmp_path: Path, opened: Opened, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "log").open("wb") as file:
        log = opened(file.fileno())
        log.handlers[-1].emit(logging.makeLogRecord({"msg": "%d", "args": ("jan@example.org",)}))
        log.warning("told")
    assert "jan@" not in (tmp_path / "log").read_text()
    assert '"event":"log.lost"' in (tmp_path / "log").read_text()
    assert "jan@" not in capfd.readouterr().err
