"""Whether the files that the settings name can be made and written, tried before anything begins."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from avgate_gateway.settings.error import SettingsError
from avgate_gateway.settings.model import Settings
from avgate_gateway.settings.value import SQLITE


def check_places(settings: Settings) -> None:
    """Raises SettingsError with one line for each file that can be neither made nor used."""
    mistakes = list(_mistakes(settings))
    if mistakes:
        raise SettingsError(settings.origins.path, mistakes)


def _mistakes(settings: Settings) -> Iterator[str]:
    if settings.database.startswith(SQLITE):
        path = Path(settings.database.removeprefix(SQLITE))
        yield from _of_file("database", path, "r+b")
        if path.is_file():
            yield from _of_folder("database", path.parent)  # SQLite makes files beside it
    if settings.has_master_key_file:
        yield from _of_file("master_key_file", settings.master_key_file, "rb")
    yield from _of_file("evidence_key_file", settings.evidence_key_file, "rb")
    yield from _of_file("checkpoints_file", settings.checkpoints_file, "r+b")
    for key, path in settings.opendsr_files:
        yield from _of_file(f"opendsr.{key}", path, "rb")
    if settings.authentication.is_embedded:
        yield from _of_file("token_key_file", settings.token_key_file, "rb")


def _of_file(key: str, path: Path, mode: str) -> Iterator[str]:
    try:
        path.open(mode).close()
    except FileNotFoundError:
        yield from _of_folder(key, path.parent)
    except NotADirectoryError:
        yield f"{key}: {path.parent} is not a folder; correct {key}"
    except OSError as error:
        yield f"{key}: {path} cannot be used ({error.strerror}); correct that, or {key}"


def _of_folder(key: str, folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        yield f"{key}: the folder {folder} does not exist; create it, or correct {key}"
        return
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        why = f"the folder {folder} cannot be written to ({error.strerror})"
        yield f"{key}: {why}; correct that, or {key}"
