"""Saves a copy of a person's data, or a letter, where the command line says, or says why not."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path

from avgate_client import AvgateClient, WhichLetter
from avgate_gateway.cli.exits import CommandError


async def save_package(client: AvgateClient, request_id: str, to: Path) -> int:
    """Saves the package of a request and returns its size in bytes; raises CommandError."""
    return await _saved(client.download_package(request_id, to), to)


async def save_letter(client: AvgateClient, request_id: str, which: WhichLetter, to: Path) -> int:
    """Saves the letter to the person, likewise."""
    return await _saved(client.download_letter(request_id, to, which), to)


async def _saved(saving: Awaitable[int], to: Path) -> int:
    try:
        return await saving
    except FileExistsError as error:
        message = f"{error.filename} is in the way: another download of it runs, or ran"
        raise CommandError(message) from None
    except OSError as error:
        raise CommandError(f"{to} cannot be written: {error.strerror}") from None
