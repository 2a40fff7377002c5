"""Writes the gateway's configuration that points at these mocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from avgate_mocks.people import LIBERVOICE, MISTER_VOIP
from avgate_mocks.upstreams import Mock
from avgate_mocks.world import World

_CONTROLLERS: Mapping[str, Mapping[str, object]] = {
    LIBERVOICE: {
        "title": "Libervoice B.V.",
        "language": "nl",
        "retention": "libervoice-2019",
        "answer_within_days": 28,
    },
    MISTER_VOIP: {
        "title": "Mister VoIP",
        "language": "nl",
        "retention": "mister-voip-2019",
        "answer_within_days": 28,
    },
}
_GATEWAY: Mapping[str, object] = {
    "database": "sqlite:///avgate.db",
    "master_key_file": "avgate.key",
    "connectors_allowed": ["avgate"],
}


def gateway_config(world: World, mocks: Mapping[str, Mock], ports: Mapping[str, int]) -> str:
    """A TOML document with both controllers, each with a connector for every mock served."""
    controllers = {
        name: {**facts, "connectors": _connectors(world, name, mocks, ports)}
        for name, facts in _CONTROLLERS.items()
    }
    return "\n".join(_lines({**_GATEWAY, "controllers": controllers}, ())).strip() + "\n"


def _connectors(
    world: World, controller: str, mocks: Mapping[str, Mock], ports: Mapping[str, int]
) -> Mapping[str, object]:
    return {
        name: mocks[name].config_section(world, controller, port) for name, port in ports.items()
    }


def _lines(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    """The table's own values first, then its tables, then its lists of tables, as TOML asks."""
    own = {key: value for key, value in table.items() if not _tables(value)}
    plain = {key: value for key, value in own.items() if not isinstance(value, Mapping)}
    if path and plain:
        yield f"\n[{_dotted(path)}]"
    yield from (f"{_key(key)} = {_value(value)}" for key, value in plain.items())
    for key, value in own.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, key))
    for key, value in table.items():
        for entry in _tables(value):
            yield f"\n[[{_dotted((*path, key))}]]"
            yield from (f"{_key(name)} = {_value(item)}" for name, item in entry.items())


def _tables(value: object) -> list[Mapping[str, object]]:
    """The tables of a list of tables; none for any other value."""
    return (
        [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
    )


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(map(_key, path))


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)


def _value(value: object) -> str:
    """Strings, numbers, booleans and lists of them: JSON and TOML write these alike."""
    return json.dumps(value, ensure_ascii=False)
