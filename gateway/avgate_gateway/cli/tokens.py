"""`avgate token`: an access token signed by the gateway's own key, for development and first use."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from avgate_gateway.authentication import KeyFileError, Scope, mint, open_signing_key
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of


def register(app: typer.Typer) -> None:
    app.command()(token)


def token(
    controller: Annotated[str, typer.Option(help="The controller that the client acts for.")],
    client: Annotated[str, typer.Option(help="The client's name, as it stands in the evidence.")],
    scope: Annotated[
        list[str],
        typer.Option(help="What it may do; several at once, or the option several times."),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    seconds: Annotated[int, typer.Option(help="How long it is valid.", min=1)] = 3600,
) -> None:
    """Prints an access token on its last line."""
    settings = settings_of(config)
    with complaining(KeyFileError, _WrongTokenError):
        if controller not in settings.controllers:
            known = ", ".join(sorted(settings.controllers))
            raise _WrongTokenError(f"no controller of that name; known are: {known}")
        if not settings.authentication.is_embedded:
            raise _WrongTokenError("tokens come from the configured issuer, not from here")
        made = mint(
            open_signing_key(settings.token_key_file),
            issuer=settings.authentication.issuer,
            audience=settings.authentication.audience,
            controller=controller,
            client=client,
            scopes=_scopes(scope),
            lifetime=min(seconds, settings.authentication.token_seconds),
            now=time.time(),
        )
    typer.echo(made)


class _WrongTokenError(Exception):
    """A token that may not be made."""


def _scopes(given: list[str]) -> list[Scope]:
    names = [name for text in given for name in text.replace(",", " ").split()]
    known = {scope.value for scope in Scope}
    wrong = sorted(set(names) - known)
    if wrong or not names:
        listed = ", ".join(sorted(known))
        raise _WrongTokenError(
            f"no such scope: {', '.join(wrong) or 'none given'}; known are: {listed}"
        )
    return [Scope(name) for name in names]
