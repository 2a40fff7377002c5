"""The database for a command that looks into it, with what opens it and what attests the evidence in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import typer

from avgate_gateway.checkpointing import EvidenceCutError
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.unusable import unusable
from avgate_gateway.keyring import KeyRing
from avgate_gateway.opening import file_of, open_with_keys
from avgate_gateway.settings import Settings
from avgate_gateway.settings.value import SQLITE
from avgate_gateway.store import keyring
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.vault import Vault, VaultError

T = TypeVar("T")


def with_database(settings: Settings, use: Callable[[Database], Awaitable[T]]) -> T:
    """Runs something over the database, if there is one; raises CommandError where it cannot."""
    database = settings.database
    if database.startswith(SQLITE) and not Path(database.removeprefix(SQLITE)).exists():
        raise CommandError("there is no database yet: nothing was recorded")

    async def run() -> T:
        store, ring = _opened(settings)
        try:
            if ring is not None:
                async with store.read() as db:
                    index_key = await keyring.index_key(db, ring)
                store.attesting.key = Vault(ring, index_key).evidence_key
            return await use(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except (sa.exc.SQLAlchemyError, AwayError, OSError) as error:
        raise unusable(error) from None
    except (EvidenceCutError, VaultError) as error:
        raise CommandError(str(error), Exit.WRONG) from None


def _opened(settings: Settings) -> tuple[Database, KeyRing | None]:
    """The database, and the master keys if they are here; an encrypted file opens with them only."""
    is_away = settings.has_master_key_file and not settings.master_key_file.exists()
    if is_away and file_of(settings) is None:
        told = "is not here, so it was not checked whether the gateway wrote the entries"
        typer.echo(f"{settings.master_key_file.name} {told}", err=True)
        return Database(settings.database), None
    return open_with_keys(settings)
