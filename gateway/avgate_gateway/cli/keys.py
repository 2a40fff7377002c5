"""`avgate keys`: which master keys there are, and a new one in the place of the old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from avgate_gateway import key_sources, rewrapping
from avgate_gateway.cli.advancing import advancing
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.unusable import unusable
from avgate_gateway.cli.wording import Grid
from avgate_gateway.keyring import KeyRing
from avgate_gateway.opening import file_of, open_with_keys
from avgate_gateway.settings import Settings
from avgate_gateway.store import keyring
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.vault import Vault, VaultError

_SETTLES_SECONDS = 6 * rewrapping.LOOKS_EVERY_SECONDS

app = typer.Typer(
    help="Shows master keys, and takes new ones into use.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def keys() -> None:
    """Shows master keys, and takes new ones into use."""


@app.command("list")
def listed(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Lists the master keys, and how much each of them wraps."""
    ring, found = _looked(settings_of(config))
    names = [key.name for key in ring.keys]
    words = {names[0]: "wraps"}
    rows = tuple((name, words.get(name, "only unwraps"), str(found.get(name, 0))) for name in names)
    others = found.get("another", 0)
    if others:
        rows += (("another", "of an earlier release, or not here", str(others)),)
    with screen() as shown:
        shown.grid(Grid("master keys, newest first", ("key", "what it does", "keys"), rows))


@app.command()
def make(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Makes a further master key beside the file.

    Copy it to every machine before it is taken into use by `rotate`.
    """
    path = _file(settings_of(config))
    with _writing(path):
        name = key_sources.make_further(path)
    typer.echo(f"made {path}.{name}; copy it beside {path.name} on every other machine, then run:")
    typer.echo(f"avgate keys rotate --to {name}")


@app.command()
def rotate(
    config: ConfigOption = DEFAULT_CONFIG,
    to: Annotated[
        str | None,
        typer.Option(help="The name of a key that `avgate keys make` made; else one is made now."),
    ] = None,
) -> None:
    """Takes a new master key into use, while the gateway runs.

    The former one goes on unwrapping what it wrapped, until `retire`.
    """
    path = _file(settings_of(config))
    with complaining(VaultError), _writing(path):
        key_sources.from_file(path)  # whoever loses a key now would lose it for good
        former = key_sources.take_into_use(path, to or key_sources.make_further(path))
    typer.echo(f"{path} holds a new master key; the former is {path.name}.{former}")
    typer.echo("back the new one up now; a gateway that runs takes it over within seconds, one")
    typer.echo("that does not at its next start; then `avgate keys retire` removes the former")


@app.command()
def retire(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Wraps all under the newest master key; removes the others.

    The files of the former keys are removed once nothing needs them.
    """
    settings = settings_of(config)
    _used(settings)
    if settings.has_master_key_file:
        _settled(settings.master_key_file)
    ring, found = _looked(settings, rewraps=True)
    left = sum(found.values()) - found.get(ring.newest.name, 0)
    if left:
        message = f"{left} keys of requests cannot be opened with the master keys that are here"
        raise CommandError(f"{message}; nothing was removed", Exit.WRONG)
    if settings.has_master_key_file:
        path = settings.master_key_file
        for former in (*key_sources.neighbours(path), *key_sources.left_behind(path)):
            former.unlink()
            typer.echo(f"removed {former}")
    if settings.master_keys_former:
        typer.echo("nothing needs master_keys_former any more: remove it from the config")
    typer.echo(f"everything is under master key {ring.newest.name}")
    typer.echo("a backup from before opens only with the key of its time")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Says which folder cannot be written, and why; whatever was begun there may be begun again."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{error.filename or path.parent}: {error.strerror}; put that right, look with "
            "`avgate keys list`, and run this again"
        ) from None


def _file(settings: Settings) -> Path:
    if not settings.has_master_key_file:
        raise CommandError(
            "the master key comes from elsewhere: put the new one there, the old one into "
            "master_keys_former, and restart"
        )
    if not settings.master_key_file.exists():
        raise CommandError(f"{settings.master_key_file} is missing")
    return settings.master_key_file


def _used(settings: Settings) -> Path | None:
    """The encrypted file, if the database is one, and it is there."""
    file = file_of(settings)
    if file is not None and not file.exists():
        raise CommandError("there is no database yet: nothing was recorded")
    return file


def _settled(path: Path) -> None:
    """Holds on until every process has certainly seen which key is the newest."""
    with complaining(OSError):
        left = _SETTLES_SECONDS - (time.time() - path.stat().st_mtime)
    if 0 < left <= _SETTLES_SECONDS and key_sources.neighbours(path):
        raise CommandError(
            f"the master key changed just now; try again in {left:.0f} seconds", Exit.UNDER_WAY
        )


def _looked(settings: Settings, *, rewraps: bool = False) -> tuple[KeyRing, Mapping[str, int]]:
    file = _used(settings)

    async def look() -> tuple[KeyRing, Mapping[str, int]]:
        database, ring = open_with_keys(settings)
        try:
            if rewraps:
                async with database.read() as db:
                    total = await keyring.count(db)
                    index_key = await keyring.index_key(db, ring)
                database.attesting.key = Vault(ring, index_key).evidence_key
                with advancing("requests", total) as told:
                    await rewrapping.rewrap(database, ring, file, told)
            return ring, await rewrapping.tally(database, ring)
        finally:
            await database.close()

    try:
        with complaining(VaultError):
            return asyncio.run(look())
    except (sa.exc.SQLAlchemyError, AwayError, OSError) as error:
        raise unusable(error) from None
