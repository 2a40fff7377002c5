"""`avgate revoke`: clients and tokens that are believed no more, before they run out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.client_name import LONGEST_NAME, may_be_client
from avgate_gateway.authentication.compact import taken_apart
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.looking_in import with_database
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of
from avgate_gateway.cli.unusable import unusable
from avgate_gateway.opening import open_store
from avgate_gateway.settings import Settings
from avgate_gateway.store import refused
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.store.granting import AccountError
from avgate_gateway.vault import VaultError

_Named = tuple[str, str]


def revoke(
    config: ConfigOption = DEFAULT_CONFIG,
    client: Annotated[
        list[str] | None, typer.Option(help="A client, by the id in its tokens (client_id).")
    ] = None,
    token_id: Annotated[list[str] | None, typer.Option(help="One token, by its id (jti).")] = None,
    token_file: Annotated[
        str | None, typer.Option(help="One token, read from a file, or from standard input by `-`.")
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Believes them again.")] = False,
) -> None:
    """Refuses clients and tokens before they run out, or lists them.

    Those that are refused are listed where none is named.
    """
    settings = settings_of(config)
    named = [(refused.CLIENT, name) for name in client or ()]
    named += [(refused.TOKEN, name) for name in token_id or ()]
    if token_file is not None:
        named.append((refused.TOKEN, _id_of(token_file, settings.authentication.claims.token_id)))
    if not all(_is_name(kind, name) for kind, name in named):
        raise CommandError("nothing has such a name: a client's is printable ASCII")
    if named:
        try:
            told = asyncio.run(_done(settings, named, lift=lift))
        except (sa.exc.SQLAlchemyError, AwayError, OSError) as error:
            raise unusable(error) from None
    else:  # whoever only looks makes no database and no keys
        told = with_database(settings, _listed)
    typer.echo("\n".join(told) or "nothing is refused")


def _is_name(kind: str, name: str) -> bool:
    if kind == refused.CLIENT:
        return may_be_client(name)
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


async def _done(settings: Settings, named: Sequence[_Named], *, lift: bool) -> list[str]:
    """Writes what was asked, and what is refused then, one line each."""
    with complaining(VaultError, AccountError):
        database = open_store(settings).database
    try:
        now = datetime.now(UTC)
        async with database.write() as db:
            for kind, name in named:
                if lift and not await refused.lift(db, kind, name, now):
                    raise CommandError(f"this {kind} is not refused", Exit.NOT_FOUND)
                if not lift:
                    await refused.refuse(db, kind, name, now)
        return await _listed(database)
    finally:
        await database.close()


async def _listed(database: Database) -> list[str]:
    async with database.read() as db:
        found = await refused.listed(db)
    return [f"{kind} {name} refused since {at:%Y-%m-%dT%H:%M:%SZ}" for kind, name, at in found]


def _id_of(file: str, claim: str) -> str:
    """The id in a token that nobody has to believe for refusing it; it is not put into arguments."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        found = taken_apart(text.split()[-1] if text.split() else "").claims.get(claim)
    except (OSError, UnicodeDecodeError, InvalidTokenError):
        found = None
    if not isinstance(found, str):
        raise CommandError("there is no access token with an id in it")
    return found
