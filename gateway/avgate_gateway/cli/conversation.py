"""A command's conversation with a running gateway, and how a command says that it failed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from avgate_client import (
    AvgateClient,
    AvgateError,
    InvalidCallError,
    Patience,
    ProblemError,
    UnexpectedAnswerError,
    UnreachableError,
)
from avgate_gateway.cli.exits import CommandError, Exit

EVERY_SECONDS = 0.3  # a person looks on
_PATIENCE = Patience(longest_wait=5.0)  # likewise
_ELSE = "what answers there is no gateway of this release; look at the address"


@asynccontextmanager
async def connected(url: str, token: str | Callable[[], str]) -> AsyncIterator[AvgateClient]:
    """A client that is closed again; what it raises comes out as CommandError.

    What gives tokens is asked again where one has run out.
    """
    try:
        client = AvgateClient(url, token=token, patience=_PATIENCE)
    except AvgateError as error:
        raise CommandError(str(error)) from None
    try:
        async with client:
            yield client
    except AvgateError as error:
        raise failure(error, url) from None


def failure(error: AvgateError, url: str) -> CommandError:
    """The error as a command tells it: in the gateway's words where it gave any."""
    match error:
        case UnreachableError():
            silent = (
                f"the gateway does not answer; see that `avgate serve` runs at {url}, "
                "or name another address with --url"
            )
            return CommandError(silent, Exit.UNREACHABLE)
        case ProblemError() if error.status in {408, 429} or error.status >= 500:
            return CommandError(_not_now(error, url), Exit.UNREACHABLE)
        case ProblemError():
            code = Exit.NOT_FOUND if error.status == 404 else Exit.WRONG
            return CommandError(str(error), code)
        case UnexpectedAnswerError():
            return CommandError(_ELSE, Exit.WRONG)
        case InvalidCallError():
            return CommandError("that cannot be the id of a request or task")
        case _:
            return CommandError(f"the call to the gateway failed: {error}", Exit.WRONG)


def _not_now(error: ProblemError, url: str) -> str:
    """It is there, and has no answer just now: why, it tells to whoever asks for its health."""
    look = "" if error.status < 500 else f"; {url}/health/ready and its log say why"
    wait = "" if error.retry_after is None else f"; try again in {error.retry_after:.0f} seconds"
    return f"the gateway answers {error.status} ({error.title}){look}{wait}"
