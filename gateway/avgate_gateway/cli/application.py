"""Every command, put together."""

from __future__ import annotations

import typer

from avgate_gateway.cli import serving, tokens

app = typer.Typer(
    name="avgate",
    help="Carries out a person's privacy rights in systems that others own.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold personal data
)
serving.register(app)
tokens.register(app)
