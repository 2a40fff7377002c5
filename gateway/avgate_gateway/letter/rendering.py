"""Makes the PDF of a letter: PDF/A-2a and PDF/UA-1 in one file, the same bytes for the same letter."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, Final

from avgate_contracts.record import Json

_TEMPLATE: Final = "letter.typ"
_STANDARDS: Final = ("a-2a", "ua-1")
_AT_ONCE = 2
_LATIN_ENDS = 0x180
_SIGNS: Final = frozenset("\N{EN DASH}\N{EM DASH}\N{BULLET}\N{EURO SIGN}\N{HORIZONTAL ELLIPSIS}")
_WITHIN_SECONDS = 20.0


class LetterTooSlowError(Exception):
    """The letter was not made within its time."""


class Printer:
    """Makes letters in threads of its own; the library lets the others run meanwhile.

    One that hangs keeps one of these few threads, and nothing else of the process.
    """

    def __init__(self, within_seconds: float = _WITHIN_SECONDS) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "letter")
        self._within = within_seconds

    async def pdf(self, letter: Mapping[str, Json], made_at: datetime) -> bytes:
        """The letter as a PDF that says it was made then; raises LetterTooSlowError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._within):
                return await loop.run_in_executor(self._threads, printed, letter, made_at)
        except TimeoutError:
            raise LetterTooSlowError from None


def printed(letter: Mapping[str, Json], made_at: datetime) -> bytes:
    """The letter as a PDF; what it says enters as data, so that nothing in it is taken for markup.

    An archive holds no character without a shape. So what the fonts cannot show, which only a name
    or what somebody wrote can hold, becomes a question mark.
    """
    typst, _, _ = _press()
    try:
        return _compiled(letter, made_at, _shown)
    except typst.TypstError:
        return _compiled(letter, made_at, _in_latin)


def _compiled(letter: Mapping[str, Json], made_at: datetime, told: Callable[[str], str]) -> bytes:
    typst, fonts, template = _press()
    made: bytes = typst.compile(
        template,
        format="pdf",
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"letter": json.dumps(_each(letter, told), ensure_ascii=False)},
        pdf_standards=list(_STANDARDS),
        timestamp=int(made_at.timestamp()),
    )
    return made


def _each(value: Any, told: Callable[[str], str]) -> Any:
    """The same with every string of it changed."""
    if isinstance(value, str):
        return told(value)
    if isinstance(value, Mapping):
        return {name: _each(part, told) for name, part in value.items()}
    return [_each(part, told) for part in value] if isinstance(value, list) else value


def _shown(text: str) -> str:
    """In composed letters, and without what has no shape or turns the order of others."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(c).startswith("C") else c for c in composed)


def _in_latin(text: str) -> str:
    return "".join(c if ord(c) < _LATIN_ENDS or c in _SIGNS else "?" for c in _shown(text))


@cache
def _press() -> tuple[Any, Any, bytes]:
    """The library, which a gateway that makes no letter does not load, and what never changes.

    Only the fonts inside it are used: what a machine has would be another letter elsewhere.
    """
    typst = import_module("typst")
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    return typst, fonts, files(__package__).joinpath(_TEMPLATE).read_bytes()
