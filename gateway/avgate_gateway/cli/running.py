"""Runs a command line: errors are one line, and never repeat what was typed.

What is typed may be a telephone number; what is printed ends up in logs and tickets.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer
from typer.exceptions import Abort, TyperException

from avgate_gateway.cli.application import app
from avgate_gateway.cli.exits import CommandError, Exit

_PACKAGES = "avgate_"
_UNKNOWN_WORD = "there is a word too many, or one that is not known here"
_SAID = {
    "Missing command": "a command is missing",
    "No such command": "there is no such command",
}


def run(arguments: Sequence[str], commands: typer.Typer = app) -> int:
    """Runs one command and returns its exit code."""
    try:
        ended = typer.main.get_command(commands).main(
            args=list(arguments), prog_name="avgate", standalone_mode=False
        )
    except CommandError as error:
        return _complain(str(error), error.code)
    except TyperException as error:
        return _usage(error)
    except (Abort, KeyboardInterrupt):
        return _complain("interrupted", Exit.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # whoever read it has gone: no second complaint
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 -- a stack trace holds what was typed
        return _complain(f"{type(error).__name__} {_where(error)}: a mistake of ours", Exit.WRONG)
    return int(ended) if isinstance(ended, int) else Exit.DONE


def _complain(message: str, code: Exit) -> int:
    for line in message.splitlines():
        typer.echo(f"avgate: {line}", err=True)
    return code


def _usage(error: TyperException) -> int:
    """What is wrong with the command line, by the names of its options and never their values."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        typer.echo(context.get_help(), err=True)
        return Exit.USAGE
    command = context.command_path if context is not None else "avgate"
    return _complain(f"{_mistake(error)}; see {command} --help", Exit.USAGE)


def _mistake(error: TyperException) -> str:
    option = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    kind = type(error).__name__
    if parameter is not None:
        wrong = "is missing" if kind == "MissingParameter" else "has a value that it cannot have"
        return f"{_named(parameter)} {wrong}"
    if option is not None:
        wrong = "does not exist" if kind == "NoSuchOption" else "is used wrongly"
        return f"option {option} {wrong}"
    said = str(getattr(error, "message", ""))
    return next((ours for start, ours in _SAID.items() if said.startswith(start)), _UNKNOWN_WORD)


def _named(parameter: object) -> str:
    options = [name for name in getattr(parameter, "opts", ()) if name.startswith("-")]
    return options[0] if options else str(getattr(parameter, "name", "a value")).upper()


def _where(error: Exception) -> str:
    """The innermost line of our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGES in frame.filename] or list(frames)
    return f"at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "at an unknown place"
