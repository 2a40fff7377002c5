"""Writes a whole project, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from avgate_contracts.kit.scaffold.choice import Choice, ScaffoldError
from avgate_contracts.kit.scaffold.template import rendered


def write_project(
    choice: Choice, folder: Path, version: str, finish: Callable[[Path], None]
) -> Sequence[str]:
    """Writes the project into `folder`, which is new or empty; the paths it wrote.

    `finish` adds what is made by running the project: its recordings. All of it happens beside
    `folder` and is moved there at the end. Raises ScaffoldError, or what `finish` raises; then
    nothing of the project is left.
    """
    target = folder.absolute()
    _refuse_if_taken(target)
    with _beside(target) as draft:
        for path, text in rendered(choice, version).items():
            place = draft / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        finish(draft)
        _sweep(draft)
        _move(draft, target)
    return sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())


def _refuse_if_taken(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ScaffoldError("there is a file of that name; name another --folder")
    if target.is_dir() and any(target.iterdir()):
        raise ScaffoldError("the folder is not empty; name a new one with --folder")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder on the same disk that is gone afterwards, and so are folders made on the way."""
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".avgate-", dir=target.parent) as draft:
            yield Path(draft) / "project"
    except BaseException as error:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise ScaffoldError(
                "the folder cannot be written; name another with --folder, or ask for the right to"
            ) from None
        raise


def _sweep(draft: Path) -> None:
    """Takes away what running the project left behind."""
    for name in ("__pycache__", ".pytest_cache"):
        for folder in list(draft.rglob(name)):
            shutil.rmtree(folder)


def _move(draft: Path, target: Path) -> None:
    """In one step: whoever looks sees the whole project or none of it."""
    with suppress(FileNotFoundError):
        target.rmdir()  # empty, or it stays and refuses the next line
    draft.rename(target)
