"""The processes that the demo starts, and ends in all cases."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from avgate_gateway.cli.exits import CommandError, Exit

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


@asynccontextmanager
async def child(name: str, arguments: Sequence[str], folder: Path) -> AsyncIterator[list[str]]:
    """A Python process from the moment it says ready; gives the lines it said until then.

    It runs in a session of its own, so that Ctrl-C reaches it through us, in order. What it writes
    to standard error is kept in `<name>.log`.
    """
    with (folder / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield await _said(name, process)
    finally:
        await _ended(process)


async def _said(name: str, process: asyncio.subprocess.Process) -> list[str]:
    lines: list[str] = []
    try:
        async with asyncio.timeout(_START_SECONDS):
            while process.stdout is not None and (line := await process.stdout.readline()):
                lines.append(line.decode("utf-8", "replace").strip())
                if lines[-1].startswith("ready"):
                    return lines
    except TimeoutError:
        raise CommandError(f"{name} took too long to start", Exit.WRONG) from None
    raise CommandError(f"{name} did not start", Exit.WRONG)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Asks the process to end, and ends it if it does not; shielded, for we may be cancelled."""
    if process.returncode is not None:
        return
    process.terminate()
    ending = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait_for(asyncio.shield(ending), _STOP_SECONDS)
    except (TimeoutError, asyncio.CancelledError):
        if process.returncode is None:
            process.kill()
        await ending
