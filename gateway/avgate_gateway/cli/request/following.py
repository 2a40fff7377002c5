"""Shows a request on a screen, once or until nothing more happens by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import typer

from avgate_client import AvgateClient, AvgateError
from avgate_client.answers import Report, Request
from avgate_gateway.cli.conversation import EVERY_SECONDS, failure
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.request.outcome import ending, exit_code
from avgate_gateway.cli.request.reaching import Reach
from avgate_gateway.cli.screen import Screen
from avgate_gateway.cli.wording import report_grid


@dataclass(frozen=True, slots=True)
class Following:
    """A conversation about one request, and how it is shown."""

    client: AvgateClient
    reach: Reach
    screen: Screen
    json: bool

    async def until_settled(self, request: Request, seconds: float) -> Request:
        """Follows the request, at the longest for so many seconds."""
        last = request
        changes = self.client.watch(request.id, seconds=seconds, every=EVERY_SECONDS)
        with self._naming(request):
            async for last in changes:
                self.screen.follow(last)
        self.screen.rest()
        return last

    async def conclude(self, request: Request, *, waited: bool) -> int:
        """Says how it stands and what comes next; returns the exit code."""
        with self._naming(request):
            report = await self.client.report(request.id)
        if self.json:
            typer.echo(printed(request, report))
        else:
            if report.items and request.is_closed:
                self.screen.grid(report_grid(report))
            for line in ending(request, self.reach):
                self.screen.say(line)
        return exit_code(request) if waited else 0

    @contextmanager
    def _naming(self, request: Request) -> Iterator[None]:
        """Says which request it is where the gateway has no answer: it is recorded, and goes on."""
        try:
            yield
        except AvgateError as error:
            told = failure(error, self.reach.url)
            look = self.reach.command("show", request.id)
            message = f"{told}; the request is recorded, and goes on without this command: {look}"
            raise CommandError(message, told.code) from None


def printed(request: Request, report: Report) -> str:
    """Both as one JSON object."""
    both = {"request": request.model_dump(mode="json"), "report": report.model_dump(mode="json")}
    return orjson.dumps(both, option=orjson.OPT_INDENT_2).decode()
