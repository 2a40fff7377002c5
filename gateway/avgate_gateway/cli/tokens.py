"""`avgate token`: an access token signed by the gateway's own key, for development and first use."""

from __future__ import annotations

from typing import Annotated

import typer

from avgate_gateway.authentication import Scope
from avgate_gateway.cli.completing import controllers, scopes
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, settings_for_tokens
from avgate_gateway.cli.signing import signed_token


def token(
    controller: Annotated[
        str,
        typer.Option(help="The controller that the client acts for.", autocompletion=controllers),
    ],
    client: Annotated[str, typer.Option(help="The client's name, as it stands in the evidence.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help=f"What it may do: {', '.join(Scope)}. Several at once, or the option again.",
            autocompletion=scopes,
        ),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    seconds: Annotated[int, typer.Option(help="How long it is valid.", min=1)] = 3600,
) -> None:
    """Prints an access token on its last line."""
    settings = settings_for_tokens(config)
    made = signed_token(
        settings, controller=controller, client=client, scopes=scopes_of(scope), seconds=seconds
    )
    typer.echo(made)


def scopes_of(given: list[str]) -> list[Scope]:
    """Scopes as they may be written, several in one text; raises CommandError for unknown ones."""
    names = [name for text in given for name in text.replace(",", " ").split()]
    known = {scope.value for scope in Scope}
    wrong = set(names) - known
    if wrong or not names:
        listed = ", ".join(sorted(known))
        raise CommandError(f"no such scope, or none at all; known are: {listed}")
    return [Scope(name) for name in names]
