"""Every command by name, and nothing of it before it is called.

The parts that the commands need take from 0.1 s (a token) to 4 s (the service) to import. So this
table is all that starts with every command line; a command's module is imported here, and only
here, when the command is resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from avgate_gateway.cli.exits import CommandError

_HERE = "avgate_gateway.cli"


@dataclass(frozen=True, slots=True)
class Late:
    """Where a command is, and its line in the list of commands."""

    module: str
    name: str
    help: str

    extra: str = "gateway"  # what has to be installed for it

    def command(self, called: str) -> Any:
        """The command itself: a function, or a group of them."""
        try:
            module = import_module(f"{_HERE}.{self.module}")
        except ModuleNotFoundError as error:
            raise CommandError(
                f"this command needs {error.name}; install it: pip install 'avgate[{self.extra}]'"
            ) from None
        found: Callable[..., None] | typer.Typer = getattr(module, self.name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(called)(found)
        return typer.main.get_command(alone)


COMMANDS: Mapping[str, Late] = {
    "demo": Late("demo.command", "demo", "Shows the gateway at work between four mocks."),
    "serve": Late("serving", "serve", "Answers HTTP and carries out requests, in one process."),
    "work": Late("serving", "work", "Carries out requests without answering HTTP."),
    "migrate": Late("migrating", "migrate", "Brings the database to the tables of this release."),
    "request": Late("request.commands", "app", "Submits requests and carries them to their end."),
    "connectors": Late(
        "connectors", "connectors", "Lists the installed connectors, and what each can do."
    ),
    "pause": Late("pausing", "pause", "Begins no work at one system, until it is resumed."),
    "resume": Late(
        "pausing", "resume", "Goes on at a system that was paused, with all that waited."
    ),
    "webhooks": Late("webhooks", "app", "Shows who is told of events, and sends them again."),
    "settings": Late(
        "settings_listing",
        "settings",
        "Prints every setting: its meaning, value (or ***) and origin.",
    ),
    "keys": Late("keys", "app", "Shows master keys, and takes new ones into use."),
    "backup": Late(
        "backing_up", "backup", "Makes an encrypted copy of the SQLite database in use."
    ),
    "audit": Late("auditing", "app", "Checks the evidence, and gives proofs of it to others."),
    "console": Late(
        "console",
        "console",
        "Prints a link that signs one person in to the console.",
    ),
    "token": Late("tokens", "token", "Prints an access token on its last line."),
    "revoke": Late(
        "revoking",
        "revoke",
        "Refuses clients and tokens before they run out, or lists them.",
    ),
    "new": Late(
        "scaffolding",
        "new",
        "Writes a connector's project: code, mock and passing tests.",
        "kit",
    ),
    "test": Late(
        "proving",
        "prove",
        "Runs a connector's contract tests, and tells its level.",
        "kit",
    ),
    "record": Late(
        "recording",
        "record",
        "Records a connector's conversations anew, redacted.",
        "kit",
    ),
    "drift": Late(
        "recording",
        "drift",
        "Records elsewhere, and names what changed upstream.",
        "kit",
    ),
}


class _Commands(TyperGroup):
    """Lists commands by their line in the table, and imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- the same for every context
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- as above
        late = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=late.help) if late else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, found, rest = super().resolve_command(ctx, args)
        late = COMMANDS.get(name or "")
        return name, late.command(late.name) if late else found, rest


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"avgate {metadata.version('avgate')}")
        raise typer.Exit


app = typer.Typer(cls=_Commands, name="avgate", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def avgate(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Prints the version."),
    ] = False,
) -> None:
    """Carries out a person's privacy rights in systems that others own."""
