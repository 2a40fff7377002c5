"""Hand-overs indoors: what is asked, listed and lies sealed, and the successor's folder as if new."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx

from ..gateway.successor import Folder  # noqa: TID252 -- tests are no packages of one another
from .harness import JsonMap
from .indoors import Indoors

Both = tuple[Indoors, Folder]


def emptied(folder: Folder) -> Folder:
    """As if nothing had been sent yet."""
    folder.files.clear()
    folder.calls.clear()
    folder.cut_at = None
    return folder


async def ask(here: Indoors, request_id: str, to: str = "next") -> httpx.Response:
    path = f"/v1/requests/{request_id}/handover"
    return await here.caller().post(path, json={"destination": to})


async def listed(here: Indoors, request_id: str) -> list[JsonMap]:
    return list((await here.get(f"/v1/requests/{request_id}/handovers"))["items"])


def spooled(here: Indoors) -> list[Path]:
    return sorted((here.folder / "avgate-handovers").glob("[!.]*"))


def one_minute() -> timedelta:
    return timedelta(minutes=1, seconds=1)
