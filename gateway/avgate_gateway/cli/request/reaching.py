"""How a command reaches a gateway: where it is, and in whose name."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from avgate_gateway.authentication import Scope
from avgate_gateway.cli.completing import controllers
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.options import settings_for_tokens
from avgate_gateway.cli.signing import signed_token

_SECONDS = 3600
Token = str | Callable[[], str]
DEFAULT_URL = "http://127.0.0.1:8080"

_Url = Annotated[str, typer.Option("--url", envvar="AVGATE_URL", help="Where the gateway answers.")]
_Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="AVGATE_TOKEN",
        help="An access token; better in the environment, for a command line can be seen.",
    ),
]
_Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="AVGATE_CONFIG", help="Sign a token with this gateway's own key."
    ),
]
_Controller = Annotated[
    str | None,
    typer.Option(
        "--controller", help="Whom to act for, where a token is signed.", autocompletion=controllers
    ),
]
_Client = Annotated[
    str | None, typer.Option("--client", help="Who you are, where a token is signed.")
]
RequestId = Annotated[str, typer.Argument(metavar="ID", help="The request's id.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it until it needs somebody.")]
Seconds = Annotated[float, typer.Option(help="The longest to follow it.", min=0)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object and nothing else.")]


@dataclass(frozen=True, slots=True)
class Reach:
    """The options with which a gateway is reached: `reaching` gives each of these to a command."""

    url: _Url = DEFAULT_URL
    token: _Token = None
    config: _Config = None
    controller: _Controller = None
    client: _Client = None

    def token_for(self, scopes: Iterable[Scope]) -> Token:
        """The token that was given, or what signs one that may do no more than this.

        A request may be followed for longer than a token lasts. Raises CommandError.
        """
        if self.token is not None:
            return self.token
        if self.config is None:
            raise CommandError("give --token, or --config with --controller and --client")
        if self.client is None:
            raise CommandError("say who you are with --client")
        settings = settings_for_tokens(self.config)
        alone = next(iter(settings.controllers)) if len(settings.controllers) == 1 else None
        controller = self.controller or alone
        if controller is None:
            raise CommandError(f"say for whom: --controller {' or '.join(settings.controllers)}")
        sign = partial(
            signed_token, settings, controller=controller, client=self.client,
            scopes=frozenset(scopes), seconds=_SECONDS,
        )  # fmt: skip
        sign()  # what keeps it from being signed is told before anything else
        return sign

    def command(self, *words: str, client: str | None = None) -> str:
        """A command below `avgate request` that reaches the same gateway."""
        return self.line("request", *words, client=client)

    def line(self, *words: str, client: str | None = None) -> str:
        """A command line that reaches the same gateway; a token is left to the environment."""
        options: list[str] = []
        if self.url != DEFAULT_URL:
            options += ["--url", self.url]
        if self.token is None and self.config is not None:
            options += ["--config", str(self.config)]
            options += ["--controller", self.controller] if self.controller else []
            options += ["--client", client or self.client or "YOU"]
        return shlex.join(["avgate", *words, *options])


def reaching(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of `Reach` in the place of its parameter `reach`."""
    options = inspect.signature(Reach, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True)

    @wraps(command)
    def run(**given: Any) -> None:
        reach = Reach(**{name: given.pop(name) for name in options})
        command(reach=reach, **given)

    taken = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in own.parameters.items()
        for one in (options.values() if name == "reach" else (parameter,))
    ]
    run.__dict__["__signature__"] = own.replace(parameters=taken)
    run.__annotations__ = {one.name: one.annotation for one in taken}
    return run
