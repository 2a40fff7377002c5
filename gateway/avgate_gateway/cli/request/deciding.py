"""`avgate request approve` and `reject`: a second person decides about exactly the plan they saw."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from avgate_client import AvgateClient
from avgate_client.answers import Plan, Request
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.request.following import Following
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    RequestId,
    Seconds,
    Wait,
    reaching,
)
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import plan_grid

_WHY = "Why. A rejection needs it: the person reads it in their letter."
_WHY_NOT = "Why not. The person reads it in their letter, word for word."
UNSAID = "say why with --reason: the person reads it in their letter"

Digest = Annotated[str | None, typer.Option(help="Decide only if the plan still has this digest.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the person at the command line wants; with a digest, of that plan only."""

    approve: bool
    reason: str | None
    digest: str | None
    ask: bool

    def must_fit(self, plan: Plan) -> None:
        """Raises CommandError where the plan is another, or the person thinks better of it."""
        if self.digest is not None and self.digest != plan.digest:
            raise CommandError("the plan is another by now: look at it again", Exit.WRONG)
        word = "Approve" if self.approve else "Reject"
        if self.ask and not typer.confirm(f"{word} exactly this plan?", err=True):
            raise CommandError("nothing was decided", Exit.WAITS_FOR_A_PERSON)

    async def made(self, client: AvgateClient, request_id: str, plan: Plan) -> Request:
        """The request after the decision about this plan."""
        if self.approve:
            return await client.approve(request_id, plan.digest, reason=self.reason)
        return await client.reject(request_id, plan.digest, reason=self.reason or "")


@reaching
def approve(
    request_id: RequestId,
    reach: Reach,
    digest: Digest = None,
    yes: Yes = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it instead.")] = False,
    reason: Annotated[str | None, typer.Option(help=_WHY)] = None,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    json: AsJson = False,
) -> None:
    """Shows the plan, asks, and approves or rejects exactly that."""
    choice = _Choice(not reject, reason, digest, ask=not (yes or digest))
    limit = seconds if wait else 0.0
    raise typer.Exit(_decide(reach, request_id, choice, limit, waited=wait, json=json))


@reaching
def reject(
    *,
    request_id: RequestId,
    reason: Annotated[str, typer.Option(help=_WHY_NOT)],
    digest: Digest = None,
    yes: Yes = False,
    reach: Reach,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    json: AsJson = False,
) -> None:
    """Shows the plan, asks, and rejects exactly that.

    The same as `approve --reject`: nothing of the plan is carried out.
    """
    choice = _Choice(approve=False, reason=reason, digest=digest, ask=not (yes or digest))
    limit = seconds if wait else 0.0
    raise typer.Exit(_decide(reach, request_id, choice, limit, waited=wait, json=json))


def _decide(
    reach: Reach, request_id: str, choice: _Choice, limit: float, *, waited: bool, json: bool
) -> int:
    if not choice.approve and not (choice.reason and choice.reason.strip()):
        raise CommandError(UNSAID)
    if choice.ask and not sys.stdin.isatty():
        raise CommandError("say --yes, or --digest with that of the plan that was seen")
    return asyncio.run(_approve(reach, request_id, choice, limit, waited=waited, json=json))


async def _approve(
    reach: Reach, request_id: str, choice: _Choice, limit: float, *, waited: bool, json: bool
) -> int:
    async with connected(reach.url, reach.token_for({Scope.READ, Scope.APPROVE})) as client:
        plan = await client.plan(request_id)
        with screen(silent=json) as shown:
            shown.grid(plan_grid(plan))
            shown.say(f"digest {plan.digest}, to be decided before {plan.valid_until:%Y-%m-%d}")
            choice.must_fit(plan)
            request = await choice.made(client, request_id, plan)
            following = Following(client, reach, shown, json)
            request = await following.until_settled(request, limit)
            return await following.conclude(request, waited=waited)
