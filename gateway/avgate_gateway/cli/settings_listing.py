"""`avgate settings`: every setting, what it means, its value, and where that came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from pydantic import BaseModel

from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, settings_of
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid
from avgate_gateway.registry import discover, settings_type
from avgate_gateway.settings import explain


def settings(
    config: ConfigOption = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Prints every setting, its meaning, its value (or ***) and where it came from."""
    chosen = settings_of(config)
    explained = explain(chosen, _types(chosen.connectors_allowed))
    if json:
        items = {"items": [asdict(line) for line in explained]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    rows = tuple((line.key, line.value, line.source.value, line.meaning) for line in explained)
    with screen() as shown:
        shown.grid(Grid(str(config), ("setting", "value", "from", "meaning"), rows))


def _types(allowed: tuple[str, ...]) -> Mapping[str, type[BaseModel]]:
    found = discover(allowed).values()
    return {one.name: settings_type(one) for one in found if one.kind is not None}
