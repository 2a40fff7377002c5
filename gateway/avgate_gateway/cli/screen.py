"""Where progress is shown: a live table on a terminal, plain lines elsewhere, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from avgate_client.answers import Request
from avgate_gateway.cli.wording import Grid, progress, standing


class Screen(Protocol):
    """What commands show their progress on."""

    def say(self, text: str) -> None:
        """One line."""

    def follow(self, request: Request) -> None:
        """How a request stands now; takes the place of what was shown of it before."""

    def grid(self, grid: Grid) -> None:
        """A table that stays."""

    def rest(self) -> None:
        """What is shown of the request stays as it is, and what comes next stands below."""


class Terminal:
    """A table that lives while the request does."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def say(self, text: str) -> None:
        self._console.print(Text(text))

    def follow(self, request: Request) -> None:
        table = _table(progress(request))
        if self._live is None:
            self._live = Live(table, console=self._console, refresh_per_second=8)
            self._live.start()
        else:
            self._live.update(table, refresh=True)

    def grid(self, grid: Grid) -> None:
        self._console.print(_table(grid))

    def rest(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


class Lines:
    """A line for each connector that is another than before: for pipes, logs and screen readers."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, str] = {}

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def follow(self, request: Request) -> None:
        for part in request.connectors:
            line = f"  {part.connector:<14}{standing(part)}"
            if self._shown.get(part.connector) != line:
                self._shown[part.connector] = line
                self.say(line)

    def grid(self, grid: Grid) -> None:
        widths = [max(map(len, column)) for column in zip(grid.head, *grid.rows, strict=True)]
        self.say(grid.title)
        for row in (grid.head, *grid.rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.say(f"  {'  '.join(cells)}".rstrip())

    def rest(self) -> None:
        self._shown.clear()


class Silent:
    """Nowhere: for output that programs read."""

    def say(self, text: str) -> None:
        """Says nothing."""

    def follow(self, request: Request) -> None:
        """Shows nothing."""

    def grid(self, grid: Grid) -> None:
        """Shows nothing."""

    def rest(self) -> None:
        """Has nothing to leave."""


@contextmanager
def screen(*, silent: bool = False) -> Iterator[Screen]:
    """The screen that fits standard output; a live table is put to rest in any case."""
    console = Console(highlight=False)
    shown: Screen = Silent() if silent else (Terminal if console.is_terminal else Lines)(console)
    try:
        yield shown
    finally:
        shown.rest()


def _table(grid: Grid) -> Table:
    table = Table(title=Text(grid.title), title_justify="left", expand=False)
    for name in grid.head:
        table.add_column(Text(name), overflow="fold")
    for row in grid.rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Sequence[str]) -> Iterator[Text]:
    """What upstreams say is text, never markup."""
    return (Text(cell) for cell in row)
