"""An exception without its message, which may name a person: its types and its places."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import PurePath

_FRAMES = 8


def types(error: BaseException) -> str:
    """The class of an exception, and of each that it came from."""
    return " from ".join(type(link).__name__ for link in _chain(error))


def places(error: BaseException) -> str:
    """The innermost places in the code, the last one last."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " > ".join(f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
