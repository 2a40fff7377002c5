"""`avgate request cancel`, `retry` and `extend`: what people decide about a request on its way."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated

import typer

from avgate_client import AvgateClient
from avgate_client.answers import Request
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.cli.completing import connectors
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.request.deciding import UNSAID
from avgate_gateway.cli.request.following import Following, printed
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    RequestId,
    Seconds,
    Wait,
    reaching,
)
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import state

_SCOPES = frozenset({Scope.READ, *OF_OPERATION.values()})
_RETRIED = "request.retried"
_WORD_FOR_WORD = "The person reads it in their letter, word for word."


@reaching
def cancel(
    *,
    request_id: RequestId,
    reason: Annotated[str | None, typer.Option(help=f"Why. {_WORD_FOR_WORD}")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reach: Reach,
    json: AsJson = False,
) -> None:
    """Ends a request of which nothing was carried out yet.

    Without --reason the letter says that the person withdrew it.
    """
    if not yes and not sys.stdin.isatty():
        raise CommandError("say --yes: a request that is withdrawn cannot be taken up again")

    async def ended(talk: AvgateClient) -> Request:
        request = await talk.get(request_id)
        if not yes and not typer.confirm(_about_to_end(request), err=True):
            raise CommandError("nothing was decided", Exit.WAITS_FOR_A_PERSON)
        return await talk.cancel(request_id, reason=_filled(reason))

    asyncio.run(_decided(reach, ended, _ended, json=json))


@reaching
def extend(
    request_id: RequestId,
    reason: Annotated[str, typer.Option(help=f"Why it takes longer. {_WORD_FOR_WORD}")],
    reach: Reach,
    json: AsJson = False,
) -> None:
    """Takes two more months to answer, and tells the person why.

    GDPR Art. 12(3): within a month of the request, once.
    """
    why = _filled(reason)
    if why is None:
        raise CommandError(UNSAID)
    asyncio.run(_decided(reach, lambda talk: talk.extend(request_id, why), _extended, json=json))


@reaching
def retry(
    *,
    request_id: RequestId,
    connector: Annotated[
        str | None, typer.Option(help="Only this one.", autocompletion=connectors)
    ] = None,
    reach: Reach,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    json: AsJson = False,
) -> None:
    """Tries again now what is stuck, failed, or due later.

    Put right first what stood in the way: `avgate request show` says what.
    """
    limit = seconds if wait else 0.0
    going = _retry(reach, request_id, connector, limit, waited=wait, json=json)
    raise typer.Exit(asyncio.run(going))


async def _retry(
    reach: Reach, request_id: str, connector: str | None, limit: float, *, waited: bool, json: bool
) -> int:
    async with connected(reach.url, reach.token_for(_SCOPES)) as client:
        request = await client.retry(request_id, connector=connector)
        with screen(silent=json) as shown:
            shown.say(await tried_again(client, request_id))
            following = Following(client, reach, shown, json)
            request = await following.until_settled(request, limit)
            return await following.conclude(request, waited=waited)


async def tried_again(client: AvgateClient, request_id: str) -> str:
    """Where it was set going, as the evidence has it: the request does not tell a retry from the rest."""
    entries = [one for one in await client.evidence(request_id) if one.event == _RETRIED]
    again = entries[-1].details.get("connectors") if entries else None
    return f"tried again: {', '.join(again)}" if again else "nothing of it was stuck or failed"


async def _decided(
    reach: Reach,
    decide: Callable[[AvgateClient], Awaitable[Request]],
    told: Callable[[Request, Reach], Iterator[str]],
    *,
    json: bool,
) -> None:
    async with connected(reach.url, reach.token_for(_SCOPES)) as client:
        request = await decide(client)
        if json:
            typer.echo(printed(request, await client.report(request.id)))
            return
        with screen() as shown:
            for line in told(request, reach):
                shown.say(line)


def _about_to_end(request: Request) -> str:
    return (
        f"{request.operation} of {request.received_at:%Y-%m-%d}, {state(request)}: "
        "end it for good, with nothing done?"
    )


def _ended(request: Request, reach: Reach) -> Iterator[str]:
    yield f"request {request.id} is ended, and nothing was changed for it"
    yield _letter(request, reach)


def _extended(request: Request, reach: Reach) -> Iterator[str]:
    yield f"request {request.id} is now to be answered by {request.due.extended}"
    yield _letter(request, reach)


def _letter(request: Request, reach: Reach) -> str:
    command = reach.command("letter", request.id, "--out", "letter.pdf")
    return f"the letter that tells the person: {command}"


def _filled(text: str | None) -> str | None:
    return text if text and text.strip() else None
