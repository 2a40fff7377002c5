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
from avgate_gateway.configured import connector_of, pack_of
from avgate_gateway.registry import Installed, discover, settings_type
from avgate_gateway.settings import Settings, SettingsError, connector_settings, explain, lines_of


def settings(
    config: ConfigOption = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Prints every setting: its meaning, value (or ***) and origin.

    A setting that the service would not start with ends this too, before anything is printed; files
    and the database are not looked at.
    """
    chosen = settings_of(config)
    installed = discover(chosen.connectors_allowed)
    types = {one.name: settings_type(one) for one in installed.values() if one.kind is not None}
    with complaining(SettingsError):
        _insist(chosen, installed, types)
    explained = explain(chosen, types, lines_of(config.read_text("utf-8")))
    if json:
        items = {"items": [asdict(line) for line in explained]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    rows = tuple((line.key, line.value, line.found, line.meaning) for line in explained)
    with screen() as shown:
        shown.grid(Grid(str(config), ("setting", "value", "from", "meaning"), rows))


def _insist(
    chosen: Settings, installed: Mapping[str, Installed], types: Mapping[str, type[BaseModel]]
) -> None:
    """Raises SettingsError for what only a connector or a retention pack can tell."""
    for name, controller in chosen.controllers.items():
        pack_of(chosen, name)
        for connector in controller.connectors:
            connector_of(chosen, name, connector, installed)
            if connector in types:
                connector_settings(chosen, name, connector, types[connector])
