"""`avgate console`: lets one person in, for as long as no issuer is configured."""

from __future__ import annotations

import unicodedata
from typing import Annotated

import typer

from avgate_gateway.authentication import Scope
from avgate_gateway.cli.completing import controllers
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, settings_for_tokens
from avgate_gateway.cli.signing import signed_token
from avgate_gateway.cli.tokens import scopes_of
from avgate_gateway.console.links import LINK_SECONDS, console_audience, link
from avgate_gateway.settings import Settings

_ALL = tuple(scope for scope in Scope if scope not in {Scope.ADMIN, Scope.READ_METRICS})


def console(
    name: Annotated[str, typer.Option(help="Who is let in, as it stands in the evidence.")],
    controller: Annotated[
        str | None,
        typer.Option(
            help="For which controller, where there is more than one.", autocompletion=controllers
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What they may do; everything that support staff do, if none is given."),
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="AVGATE_URL", help="Where the gateway answers.")
    ] = "http://127.0.0.1:8080",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Prints a link that signs one person in to the console.

    It works once, within ten minutes.
    """
    settings = settings_for_tokens(config)
    made = signed_token(
        settings,
        controller=controller or _only(settings),
        client=client_of(name),
        scopes=scopes_of(scope) if scope else _ALL,
        seconds=LINK_SECONDS,
        subject=name,
        audience=console_audience(settings.authentication.audience),
    )
    typer.echo(link(url, made))


def client_of(name: str) -> str:
    """The name as evidence and approvals have it: plain letters, told from every program's."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"console:{' '.join(plain.split()) or 'staff'}"


def _only(settings: Settings) -> str:
    if len(settings.controllers) > 1:
        known = ", ".join(sorted(settings.controllers))
        raise CommandError(f"say with --controller for whom; known are: {known}")
    return next(iter(settings.controllers))
