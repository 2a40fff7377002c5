"""`avgate demo`: everything at work on this machine, in a folder that goes away again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import orjson
import typer

from avgate_contracts.record import Json
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.demo.children import child
from avgate_gateway.cli.demo.mock_client import Mocks
from avgate_gateway.cli.demo.play import Ended, Play
from avgate_gateway.cli.demo.result import operation_json, shortcomings
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.screen import Screen, screen
from avgate_gateway.cli.signing import signed_token
from avgate_gateway.settings import load

_MOCKS = "avgate_mocks"
_CONTROLLER = "libervoice"
_SEED = "7"
# Places in the cast of the mocks: two people of one name, and one whose contract runs.
_ERASED, _NAMESAKE, _RECTIFIED = 0, 1, 6
_TOKEN_SECONDS = 900


def demo(
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object, and nothing else.")
    ] = False,
) -> None:
    """Shows the gateway at work between four mocks."""
    if find_spec(_MOCKS) is None:
        raise CommandError("the mocks are not part of the package: run the demo in a checkout")
    folder = Path(tempfile.mkdtemp(prefix="avgate-demo-"))
    failed = True
    try:
        failed = not asyncio.run(_interruptible(folder, json=json))
    except KeyboardInterrupt:
        failed = False
        raise
    finally:
        _tidy(folder, keep_logs=failed)
    if failed:
        raise typer.Exit(Exit.WRONG)


def _tidy(folder: Path, *, keep_logs: bool) -> None:
    """Leaves nothing behind, or after a failure the logs alone: they name nobody."""
    if not keep_logs:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path.suffix != ".log":
            path.unlink(missing_ok=True)
    typer.echo(f"avgate: the logs are in {folder}", err=True)


async def _interruptible(folder: Path, *, json: bool) -> bool:
    """Ends in order when it is told to end: the children go with us."""
    playing = asyncio.ensure_future(_demo(folder, json=json))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    try:
        return await playing
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _demo(folder: Path, *, json: bool) -> bool:
    ended: dict[str, Ended] = {}
    effects: Mapping[str, int] = {}
    wrong: list[str] = []
    with screen(silent=json) as shown:
        try:
            async with _stage(folder, shown) as play:
                await _perform(play, ended)
                effects = await play.mocks.effects()
        except CommandError as error:
            wrong.append(str(error))
        except TimeoutError:
            wrong.append("the gateway did not take up what was done by hand")
        wrong += shortcomings(ended)
        _conclude(shown, effects, wrong)
    if json:
        operations: dict[str, Json] = {n: operation_json(ended[n]) for n in ended}
        result = {"operations": operations, "ledgers": dict(effects)}
        typer.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
    return not wrong


@asynccontextmanager
async def _stage(folder: Path, shown: Screen) -> AsyncIterator[Play]:
    """Mocks and gateway running, and two clients of one controller talking to it."""
    config = folder / "avgate.toml"
    shown.say("starting four mocks and the gateway, on free ports of this machine")
    mocks_command = ("-m", _MOCKS, "--port-base", "0", "--seed", _SEED, "--write-config")
    async with child("mocks", (*mocks_command, str(config)), folder) as said:
        addresses = dict(line.split() for line in said if " " in line)
        serve = ("-m", "avgate_gateway.cli", "serve", "--config", str(config), "--port", "0")
        async with child("gateway", serve, folder) as ready:
            url = ready[-1].split()[1]
            mocks = Mocks(addresses)
            try:
                async with (
                    connected(url, _token(config, "support-desk")) as support,
                    connected(url, _token(config, "colleague")) as colleague,
                ):
                    yield Play(support, colleague, mocks, shown)
            finally:
                await mocks.aclose()


def _token(config: Path, client: str) -> str:
    settings = load(config, os.environ)
    scopes = [scope for scope in Scope if scope is not Scope.ADMIN]
    return signed_token(
        settings, controller=_CONTROLLER, client=client, scopes=scopes, seconds=_TOKEN_SECONDS
    )


async def _perform(play: Play, ended: dict[str, Ended]) -> None:
    """The four operations; what ended is written into `ended` as it does."""
    people = await play.mocks.people()
    erased, namesake = people[_ERASED], people[_NAMESAKE]
    before = await play.mocks.holdings(namesake.id)
    ended["access"] = await play.access(erased)
    ended["rectify"] = await play.rectify(people[_RECTIFIED], "address.street", "Nieuweweg")
    ended["erase"] = await play.erase(erased, ended["access"])
    if await play.mocks.holdings(namesake.id) != before:
        raise CommandError(f"the erasure touched {namesake.id}, who has the same name", Exit.WRONG)
    play.screen.say(f"{namesake.id}, who has the same name, lost nothing")
    ended["export"] = await play.export(namesake)


def _conclude(shown: Screen, effects: Mapping[str, int], wrong: list[str]) -> None:
    if effects:
        counted = ", ".join(f"{name} {count}" for name, count in effects.items())
        shown.say(f"\neffects that the mocks counted: {counted}")
    for line in wrong:
        typer.echo(f"avgate: {line}", err=True)
    if not wrong:
        shown.say("every operation ended as it should")
