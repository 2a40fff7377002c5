"""The words of a PDF, as a program that reads it aloud would find them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pikepdf

Letters = Mapping[int, str]  # by the number of a glyph
_SINGLE = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>")
_BLOCKS = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)


def text_of(pdf: bytes) -> str:
    """All of it on one line, with one space between words."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        told = " ".join(text for page in opened.pages for text in _texts(page))
    return _on_one_line(told)


def text_of_pages(pdf: bytes) -> list[str]:
    """The same, page by page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [_on_one_line(" ".join(_texts(page))) for page in opened.pages]


def _on_one_line(told: str) -> str:
    return " ".join(told.replace("\N{NO-BREAK SPACE}", " ").split())


def _texts(page: pikepdf.Page) -> Iterator[str]:
    """What each text object of a page says."""
    fonts = {name: _letters(font) for name, font in page.Resources.Font.items()}
    letters: Letters = {}
    said: list[str] = []
    for one in pikepdf.parse_content_stream(page):
        operands = one.operands
        match str(one.operator):
            case "Tf":
                letters = fonts[str(operands[0])]
            case "TJ":
                said += [_said(one, letters) for one in operands[0] if _is_string(one)]
            case "Tj":
                said.append(_said(operands[0], letters))
            case "ET":
                yield "".join(said)
                said = []


def _is_string(one: Any) -> bool:
    return isinstance(one, pikepdf.String)


def _said(one: Any, letters: Letters) -> str:
    raw = bytes(one)
    return "".join(letters[int.from_bytes(raw[i : i + 2])] for i in range(0, len(raw), 2))


def _letters(font: Any) -> Letters:
    cmap = font.ToUnicode.read_bytes()
    pairs = [pair for block in _BLOCKS.findall(cmap) for pair in _SINGLE.findall(block)]
    return {
        int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs
    }
