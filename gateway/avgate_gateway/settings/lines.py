"""On which line of a config file each key stands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from avgate_gateway.settings.origin import Key
from avgate_gateway.settings.reference import keys


def lines_of(text: str) -> Mapping[Key, int]:
    """The line of each key, counted from 1; of a value over several, where it begins.

    The parser says nothing of lines, so it is given one statement after the other, each under the
    heading that it stands under: what it can read ends there.
    """
    found: dict[Key, int] = {}
    heading, statement, begins = "", "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        if not statement:
            begins = number
        statement += line + "\n"
        try:
            read = tomllib.loads(heading + statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            heading = statement
        for key in keys(read):
            found.setdefault(key, begins)
        statement = ""
    return found
