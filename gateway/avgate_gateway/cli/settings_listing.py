"""`avgate settings`: every setting, what it means, its value, and where that came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from pydantic import BaseModel

from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid
from avgate_gateway.registry import discover, settings_type
from avgate_gateway.retention import PackError, load_pack
from avgate_gateway.settings import Settings, SettingsError, connector_settings, explain, lines_of


def settings(
    config: ConfigOption = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Prints every setting: its meaning, value (or ***) and origin.

    What the service would not start with ends this too, before anything is printed.
    """
    chosen = settings_of(config)
    types = _types(chosen.connectors_allowed)
    with complaining(SettingsError, PackError):
        _insist(chosen, types)
    explained = explain(chosen, types, lines_of(config.read_text("utf-8")))
    if json:
        items = {"items": [asdict(line) for line in explained]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    rows = tuple((line.key, line.value, line.found, line.meaning) for line in explained)
    with screen() as shown:
        shown.grid(Grid(str(config), ("setting", "value", "from", "meaning"), rows))


def _insist(chosen: Settings, types: Mapping[str, type[BaseModel]]) -> None:
    """Raises SettingsError or PackError for what only a connector or a retention pack can tell."""
    for name, controller in chosen.controllers.items():
        load_pack(controller.retention)
        for connector in controller.connectors:
            if connector in types:
                connector_settings(chosen, name, connector, types[connector])


def _types(allowed: tuple[str, ...]) -> Mapping[str, type[BaseModel]]:
    found = discover(allowed).values()
    return {one.name: settings_type(one) for one in found if one.kind is not None}
