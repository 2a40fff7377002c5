"""Reads the config file: the only place that looks at the environment or follows a reference."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from avgate_gateway.settings.error import SettingsError, invalid
from avgate_gateway.settings.model import Settings
from avgate_gateway.settings.origin import Origins
from avgate_gateway.settings.reference import References, keys, without_passwords

Model = TypeVar("Model", bound=BaseModel)
_PLACE = re.compile(r"(?P<what>.*) \(at (?P<where>[^)]*)\)", re.DOTALL)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in a TOML file, with secrets resolved; raises SettingsError."""
    return _loaded(path, environ, _document(path))


def _loaded(path: Path, environ: Mapping[str, str], document: dict[str, Any]) -> Settings:
    references = References(path.parent, environ)
    resolved = references.resolve(document)
    if references.mistakes:
        raise SettingsError(path, references.mistakes)
    try:
        settings = Settings.model_validate(resolved, context={"folder": path.parent.absolute()})
    except ValidationError as error:
        raise invalid(error, Settings, path) from None
    settings._origins = Origins(  # noqa: SLF001 -- the model's own slot, filled where it is made
        path, frozenset(keys(document)), references.from_environment
    )
    return settings


def load_for_tokens(path: Path, environ: Mapping[str, str]) -> Settings:
    """As much of the settings as signing a token takes; raises SettingsError.

    Whoever asks the gateway for something over HTTP needs none of its passwords, and often has none.
    """
    return _loaded(path, environ, without_passwords(_document(path)))


def load_for_migrating(path: Path, environ: Mapping[str, str]) -> Settings:
    """As much of the settings as finding the database takes; raises SettingsError.

    Whoever changes its tables as their owner should have none of the gateway's other passwords.
    """
    document = _document(path)
    kept = {**without_passwords(document), **{n: document[n] for n in document if n == "database"}}
    kept.pop("master_key", None)
    return _loaded(path, environ, kept)


def connector_settings(
    settings: Settings, controller: str, connector: str, settings_type: type[Model]
) -> Model:
    """One controller's settings of one connector, as the connector's own type.

    Raises SettingsError like `load`, and KeyError for a name that is not configured.
    """
    raw = settings.controllers[controller].connectors[connector]
    try:
        return settings_type.model_validate(raw)
    except ValidationError as error:
        under = ("controllers", controller, "connectors", connector)
        raise invalid(error, settings_type, settings.origins.path, under) from None


def _document(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(path, [_syntax(str(error), text)]) from None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise SettingsError(path, ["must be UTF-8"]) from None
    except OSError as error:
        raise SettingsError(path, [f"cannot be read: {error.strerror}"]) from None


def _syntax(message: str, text: str) -> str:
    """What is wrong behind where it is; at the end of the document that is its last line."""
    match = _PLACE.fullmatch(message)
    if match is None:
        return message
    where = match["where"].replace("end of document", f"line {text.count(chr(10)) + 1}, at the end")
    return f"{where}: {match['what']}"
