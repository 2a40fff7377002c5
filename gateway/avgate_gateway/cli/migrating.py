"""`avgate migrate`: brings the database to the tables of this release, as the gateway or as their owner."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from avgate_gateway.alone import alone
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    complaining,
    settings_for_migrating,
    settings_of,
)
from avgate_gateway.cli.serving import starting
from avgate_gateway.cli.unusable import unusable
from avgate_gateway.opening import is_to_be_encrypted, open_store
from avgate_gateway.settings import Settings, SettingsError, account_of, owner_address
from avgate_gateway.settings.value import SQLITE
from avgate_gateway.store.granting import AccountError
from avgate_gateway.store.migrations import migrate_for

OwnerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The database as the owner of its tables: an address, env:NAME or file:PATH.",
    ),
]
ServiceOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE",
        help="With --owner: who is granted what a gateway needs; else the account of `database`.",
    ),
]


def migrate(
    config: ConfigOption = DEFAULT_CONFIG,
    owner: OwnerOption = None,
    service: ServiceOption = None,
) -> None:
    """Brings the database to the tables of this release.

    With --owner as the account that owns them, and the account that the gateway runs as may use them.
    """
    if owner is None and service is not None:
        raise CommandError("--service is granted something by the owner: give --owner too")
    if owner is not None:
        role = _migrate_for(config, owner, service)
        typer.echo(f"the database is up to date, and {role} may use it")
        return
    settings = settings_of(config)
    with starting(settings):
        asyncio.run(_migrate(settings))
    typer.echo("the database is up to date")


def _migrate_for(config: Path, owner: str, service: str | None) -> str:
    database = settings_for_migrating(config).database
    if database.startswith(SQLITE):
        raise CommandError("an SQLite file has one owner: leave --owner out")
    with complaining(SettingsError):
        address = owner_address(owner, os.environ)
    role = service or account_of(database)
    if role is None:
        raise CommandError("database names no account: say with --service who the gateway runs as")
    with complaining(AccountError):
        try:
            migrate_for(role, address)
        except sa.exc.SQLAlchemyError as error:  # its message may hold rows
            raise unusable(error, "check --owner, and whether it runs") from None
    return role


async def _migrate(settings: Settings) -> None:
    if is_to_be_encrypted(settings):  # which nobody else may have open
        async with alone(settings.database):
            await open_store(settings).database.close()
    else:
        await open_store(settings).database.close()
