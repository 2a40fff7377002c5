"""`avgate connectors`: what is installed, what each can do, and for whom it is configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer

from avgate_contracts.connector import Manifest
from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Operation
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.options import DEFAULT_CONFIG, settings_of
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid
from avgate_gateway.registry import Installed, capabilities, discover
from avgate_gateway.settings import Settings

_OURS = ("avgate",)


def connectors(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="AVGATE_CONFIG", help="The gateway's config file."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Tables for a README.")] = False,
) -> None:
    """Lists the installed connectors, and what each can do."""
    settings = _settings(config)
    named = _found(settings)
    found = list(named.values())
    if markdown:
        typer.echo("\n".join(markdown_lines(found)))
    elif json:
        rows: list[Json] = [_as_json(name, one, settings) for name, one in named.items()]
        typer.echo(orjson.dumps({"items": rows}, option=orjson.OPT_INDENT_2).decode())
    else:
        with screen() as shown:
            shown.grid(_grid(named, settings))
    if any(one.refused for one in found):
        raise typer.Exit(Exit.WRONG)


def markdown_lines(found: Sequence[Installed]) -> Iterator[str]:
    """Two tables from the manifests: what each connector can do, and what erasing comes to."""
    usable = [(one, one.manifest) for one in found if one.manifest is not None]
    yield "| connector | processor | finds people by | access | rectify | erase | export | confirms later |"
    yield "|---|---|---|---|---|---|---|---|"
    for one, manifest in usable:
        can = capabilities(one.kind)
        finds = ", ".join(f"`{kind.value}`" for kind in sorted(manifest.finds_by))
        marks = [_mark(manifest, can, operation) for operation in _OPERATIONS]
        later = "yes" if "confirm" in can else "no"
        yield f"| `{one.name}` | {manifest.processor} | {finds} | {' | '.join(marks)} | {later} |"
    yield ""
    yield "| connector | category | erasing it comes to |"
    yield "|---|---|---|"
    for one, manifest in usable:
        for category in sorted(manifest.holds):
            way = manifest.erases.get(category)
            words = way.value.replace("_", " ") if way else "nothing: it is not erasable here"
            yield f"| `{one.name}` | `{category.value}` | {words} |"


_OPERATIONS = (Operation.ACCESS, Operation.RECTIFY, Operation.ERASE, Operation.EXPORT)


def _mark(manifest: Manifest, can: Sequence[str], operation: Operation) -> str:
    if operation.value in can:
        return "yes"
    return "not relevant" if operation in manifest.not_relevant else "by hand"


def _settings(config: Path | None) -> Settings | None:
    """The settings, where a config is named or lies here."""
    if config is not None:
        return settings_of(config)
    return settings_of(DEFAULT_CONFIG) if DEFAULT_CONFIG.exists() else None


def _found(settings: Settings | None) -> Mapping[str, Installed]:
    if settings is None:
        return discover(_OURS)
    return discover(settings.connectors_allowed, settings.least_level)


def _configured(name: str, settings: Settings | None) -> list[str]:
    controllers = settings.controllers.items() if settings else ()
    return [controller for controller, own in controllers if name in own.connectors]


def _grid(found: Mapping[str, Installed], settings: Settings | None) -> Grid:
    head = ("connector", "from", "tests", "can", "configured for", "refused because")
    rows = tuple(
        (
            one.name,
            f"{one.distribution} {one.version}",
            _level(one),
            ", ".join(capabilities(one.kind)),
            ", ".join(_configured(name, settings)),
            one.refused or one.notice or "",
        )
        for name, one in found.items()
    )
    return Grid("installed connectors", head, rows)


def _level(one: Installed) -> str:
    """What its author says that it passed: nobody here has run those tests."""
    return f"says L{one.level}" if one.level else "says nothing"


def _as_json(name: str, one: Installed, settings: Settings | None) -> Json:
    manifest = one.manifest
    can: list[Json] = [*capabilities(one.kind)]
    configured: list[Json] = [*_configured(name, settings)]
    finds_by: list[Json] = [*sorted(k.value for k in manifest.finds_by)] if manifest else []
    holds: list[Json] = [*sorted(c.value for c in manifest.holds)] if manifest else []
    return {
        "name": one.name,
        "distribution": one.distribution,
        "version": one.version,
        "protocol": manifest.protocol if manifest else None,
        "level_claimed": one.level,
        "level_note": one.level_note,
        "refused": one.refused,
        "notice": one.notice,
        "capabilities": can,
        "configured_for": configured,
        "finds_by": finds_by,
        "holds": holds,
    }
