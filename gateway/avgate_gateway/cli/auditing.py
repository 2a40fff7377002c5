"""`avgate audit verify`: whether the chain of evidence is whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, settings_of
from avgate_gateway.settings.model import SQLITE
from avgate_gateway.store import evidence
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database

_PAGE = 2000

app = typer.Typer(
    help="Checks the chain of evidence.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def audit() -> None:
    """Checks the chain of evidence."""


@app.command()
def verify(
    config: ConfigOption = DEFAULT_CONFIG,
    expect: Annotated[
        str | None,
        typer.Option(
            help="A digest printed earlier, which must still be in the chain: "
            "entries cut off at the end show in no other way."
        ),
    ] = None,
) -> None:
    """Computes every digest of the chain again, and names the first entry that does not fit."""
    database = settings_of(config).database
    if database.startswith(SQLITE) and not Path(database.removeprefix(SQLITE)).exists():
        raise CommandError("there is no database yet: nothing was recorded")
    try:
        count, last = asyncio.run(_walked(database, expect))
    except (sa.exc.SQLAlchemyError, AwayError, OSError) as error:
        message = f"the database cannot be read: {type(error).__name__}"
        raise CommandError(message, Exit.WRONG) from None
    typer.echo(f"the chain is whole: {count} entries; the last digest is {last}")


async def _walked(database: str, expect: str | None) -> tuple[int, str]:
    """How many entries there are, and the last digest; raises CommandError at the first misfit."""
    store = Database(database)
    last, count, is_met = evidence.BEGINNING, 0, expect is None
    try:
        async with store.read() as db:
            while page := await evidence.entries(db, after=count, limit=_PAGE):
                broken = evidence.first_broken(page, last, count)
                if broken is not None:
                    message = f"entry {broken} does not fit the chain, or is missing"
                    raise CommandError(message, Exit.WRONG)
                count, last = page[-1].sequence, page[-1].digest
                is_met = is_met or any(entry.digest == expect for entry in page)
    finally:
        await store.close()
    if not is_met:
        raise CommandError("the expected digest is not in the chain: its end is gone", Exit.WRONG)
    return count, last
