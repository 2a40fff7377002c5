"""`avgate request show`, `verify`, `package` and `letter`: a request that is recorded already."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from avgate_client import Identity, WhichLetter
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.request.download import save_letter, save_package
from avgate_gateway.cli.request.following import Following
from avgate_gateway.cli.request.identity import VerifiedAt, identity
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

_OPERATIONS = frozenset({Scope.ACCESS, Scope.RECTIFY, Scope.ERASE, Scope.EXPORT})


@reaching
def show(
    request_id: RequestId,
    reach: Reach,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    json: AsJson = False,
) -> None:
    """Shows how a request stands.

    With its plan while that waits, and what became of each item.
    """
    limit = seconds if wait else 0.0
    raise typer.Exit(asyncio.run(_show(reach, request_id, limit, waited=wait, json=json)))


@reaching
def verify(
    *,
    request_id: RequestId,
    identity_method: Annotated[str, typer.Option(help="How identity was verified.")],
    verified_by: Annotated[str, typer.Option(help="Who verified it.")],
    verified_at: VerifiedAt = None,
    reach: Reach,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    json: AsJson = False,
) -> None:
    """Records that identity is verified."""
    limit = seconds if wait else 0.0
    told = identity(identity_method, verified_by, verified_at)
    going = _verify(reach, request_id, told, limit, waited=wait, json=json)
    raise typer.Exit(asyncio.run(going))


@reaching
def package(
    request_id: RequestId,
    output: Annotated[Path, typer.Option("--output", "--out", help="Where to save it.")],
    reach: Reach,
) -> None:
    """Saves the copy that an access or export made, as a ZIP.

    Only you can read the file.
    """
    size = asyncio.run(_package(reach, request_id, output))
    typer.echo(f"saved {output}, {size} bytes")


@reaching
def letter(
    *,
    request_id: RequestId,
    out: Annotated[Path, typer.Option("--out", "--output", help="Where to save it.")],
    language: Annotated[
        str | None, typer.Option(help="nl or en; that of the request if left out.")
    ] = None,
    providers: Annotated[bool, typer.Option(help="List the companies behind the service.")] = False,
    version: Annotated[int | None, typer.Option(help="An earlier version, by its number.")] = None,
    reach: Reach,
) -> None:
    """Saves the letter to the person, a PDF.

    It says what was asked, what was done, what stays and why.
    """
    which = WhichLetter(language, version, providers=providers)
    size = asyncio.run(_letter(reach, request_id, which, out))
    typer.echo(f"saved {out}, {size} bytes")


async def _show(reach: Reach, request_id: str, limit: float, *, waited: bool, json: bool) -> int:
    async with connected(reach.url, reach.token_for({Scope.READ})) as client:
        request = await client.get(request_id)
        with screen(silent=json) as shown:
            following = Following(client, reach, shown, json)
            request = await following.until_settled(request, limit)
            if request.waiting_for == "approval":
                shown.grid(plan_grid(await client.plan(request_id)))
            return await following.conclude(request, waited=waited)


async def _verify(
    reach: Reach, request_id: str, told: Identity, limit: float, *, waited: bool, json: bool
) -> int:
    async with connected(reach.url, reach.token_for({Scope.READ, *_OPERATIONS})) as client:
        request = await client.verify_identity(request_id, told)
        with screen(silent=json) as shown:
            following = Following(client, reach, shown, json)
            request = await following.until_settled(request, limit)
            return await following.conclude(request, waited=waited)


async def _package(reach: Reach, request_id: str, output: Path) -> int:
    token = reach.token_for({Scope.READ, Scope.ACCESS, Scope.EXPORT})
    async with connected(reach.url, token) as client:
        return await save_package(client, request_id, output)


async def _letter(reach: Reach, request_id: str, which: WhichLetter, out: Path) -> int:
    async with connected(reach.url, reach.token_for({Scope.READ})) as client:
        return await save_letter(client, request_id, which, out)
