"""A bar is for whoever sits at a terminal, and stays out of everything else."""

from __future__ import annotations

import io

from rich.console import Console

from avgate_gateway.cli.advancing import advancing


def shown(*, is_terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=80, _environ={"TERM": "xterm"})
    with advancing("entries [of 4]", 4, console) as told:
        told(2)
    return out.getvalue()


def test_a_terminal_shows_how_far_it_is() -> None:
    text = shown(is_terminal=True)
    assert "entries [of 4]" in text
    assert "50%" in text


def test_nothing_else_is_written_to() -> None:
    assert shown(is_terminal=False) == ""
