"""Saves a copy of a person's data, or a letter: for the eyes of whoever asked, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.gateway_client import GatewayClient


async def save_package(client: GatewayClient, request_id: str, to: Path) -> int:
    """Saves the package of a request and returns its size in bytes; raises CommandError."""
    return await save(lambda file: client.package(request_id, file), to)


async def save(write: Callable[[BinaryIO], Awaitable[int]], to: Path) -> int:
    """Saves what is written and returns its size in bytes; raises CommandError."""
    part = to.with_name(f"{to.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{part} is in the way: another download of it runs, or ran") from None
    except OSError as error:
        raise CommandError(f"{to} cannot be written: {error.strerror}") from None
    try:
        with open(handle, "wb") as file:  # noqa: ASYNC230, PTH123 -- a descriptor; blocks are small
            size = await write(file)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return size
