"""Secrets that stand elsewhere: `env:NAME` and `file:PATH` become what they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avgate_gateway.settings.origin import Key

_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,127})")
_LARGEST_SECRET = 65_536  # bytes
_SECRET = {("database",), ("master_key",), ("master_keys_former",)}
_CLIENT_SECRET = ("console", "oidc", "client_secret")

_OF_THE_SERVICE = {"database", "master_keys_former", "console"}
_OF_A_CONTROLLER = {
    ("connectors",), ("destinations",), ("webhooks",), ("callback_secret",),
    ("callback_former_secrets",),
}  # fmt: skip


@dataclass(slots=True)
class References:
    """Resolves the references in a config, and collects what it could not resolve.

    Only `database`, master keys, the console's secret, secrets of callbacks and what stands below a
    connector, destination or webhook may be a reference: a path that is mistaken for one would put a
    key file's content into messages.
    """

    folder: Path
    environ: Mapping[str, str]
    mistakes: list[str] = field(default_factory=list)
    from_environment: dict[Key, str] = field(default_factory=dict)  # the names of variables

    def resolve(self, value: Any, key: Key = ()) -> Any:
        """The same document, with every reference replaced."""
        match value:
            case dict():
                return {name: self.resolve(inner, (*key, name)) for name, inner in value.items()}
            case list():
                return [self.resolve(inner, (*key, str(i))) for i, inner in enumerate(value)]
            case str() if _may_refer(key):
                return self._text(value, key)
            case _:
                return value

    def _text(self, value: str, key: Key) -> str:
        if value.startswith("env:"):
            return self._variable(value, key)
        return self._file(value, key) if value.startswith("file:") else value

    def _variable(self, value: str, key: Key) -> str:
        match = _VARIABLE.fullmatch(value)
        if match is None:
            return self._mistake(key, "env: is followed by the name of one environment variable")
        if not self.environ.get(match[1]):
            return self._mistake(key, f"the environment variable {match[1]} is not set")
        self.from_environment[key] = match[1]
        return self.environ[match[1]]

    def _file(self, value: str, key: Key) -> str:
        try:
            with Path(self.folder, value.removeprefix("file:")).open(encoding="utf-8") as file:
                text = file.read(_LARGEST_SECRET).rstrip("\r\n")
        except (OSError, ValueError):
            return self._mistake(key, "the file that it names cannot be read")
        return text or self._mistake(key, "the file that it names is empty")

    def _mistake(self, key: Key, detail: str) -> str:
        self.mistakes.append(f"{'.'.join(key)}: {detail}")
        return ""


def without_passwords(document: dict[str, Any]) -> dict[str, Any]:
    """The same document without what only the service needs: how it reaches its store and others."""
    found = {name: value for name, value in document.items() if name not in _OF_THE_SERVICE}
    controllers = found.get("controllers")
    if isinstance(controllers, dict):
        found["controllers"] = {name: _reduced(one) for name, one in controllers.items()}
    return found


def _reduced(controller: Any) -> Any:
    if not isinstance(controller, dict):
        return controller
    left_out = {name for key in _OF_A_CONTROLLER for name in key} | {"callback_hosts"}
    return {name: value for name, value in controller.items() if name not in left_out}


def keys(value: Any, key: Key = ()) -> Iterator[Key]:
    """Every key of a document, the outer ones too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*key, name)
            yield from keys(inner, (*key, name))


def _may_refer(key: Key) -> bool:
    is_secret = key[:1] in _SECRET or key == _CLIENT_SECRET
    return is_secret or (key[:1] == ("controllers",) and key[2:3] in _OF_A_CONTROLLER)
