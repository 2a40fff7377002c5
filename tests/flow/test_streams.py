"""Standard streams that are closed, full or read by nobody: the gateway serves all the same, and ends in order."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from avgate_mocks.loopback import NO_TLS

from .harness import AVGATE, until
from .process import free_port
from .test_ending_in_order import CONFIG

FULL = 1_048_576  # bytes: as much as a pipe may be made to hold
CLOSED = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
Made = Callable[[ExitStack], int]


@contextmanager
def serving(folder: Path, *before: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """`avgate serve` once it is ready."""
    (folder / "avgate.toml").write_text(CONFIG)
    port = free_port()
    command = [*before, *AVGATE, "serve", "--config", "avgate.toml", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, **streams) as process:  # noqa: S603 -- our own command

        def is_ready() -> bool:
            assert process.poll() is None, process.returncode
            try:
                ready = f"http://127.0.0.1:{port}/health/ready"
                return httpx.get(ready, verify=NO_TLS, timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        try:
            until(is_ready, 60)
            yield process
        finally:
            process.kill()


def full(stack: ExitStack) -> int:
    """A pipe that holds no byte more, and that nobody reads."""
    read, write = os.pipe()
    for one in (read, write):
        stack.callback(os.close, one)
    os.set_blocking(write, False)
    while True:
        try:
            os.write(write, bytes(FULL))
        except BlockingIOError:
            break
    os.set_blocking(write, True)
    return write


def left(stack: ExitStack) -> int:
    """A pipe whose reader has gone."""
    read, write = os.pipe()
    os.close(read)
    stack.callback(os.close, write)
    return write


def disk(stack: ExitStack) -> int:
    return stack.enter_context(Path("/dev/full").open("wb", buffering=0)).fileno()


@pytest.fixture
def on_a_terminal() -> Iterator[None]:
    """As if the tests were not started by nohup, of which whatever they start would have it to ignore SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("on_a_terminal")
@pytest.mark.parametrize(("out", "err"), [(disk, full), (left, disk)])
def test_it_serves_and_ends_in_order_where_nobody_takes_what_it_says(
    out: Made, err: Made, tmp_path: Path
) -> None:
    """A log that nobody read held up everything; whoever did not read that it is ready had it half ended for ever."""
    with (
        ExitStack() as stack,
        serving(tmp_path, stdout=out(stack), stderr=err(stack)) as process,
    ):
        process.send_signal(signal.SIGHUP)  # as of a terminal that is closed
        assert process.wait(30) == 0


def test_it_serves_and_ends_in_order_where_standard_streams_are_closed(tmp_path: Path) -> None:
    with serving(tmp_path, *CLOSED) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
