"""The console's words in two languages: written in English in pages, put into Dutch by a catalogue."""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES: Final = ("nl", "en")
COOKIE: Final = "avgate_language"


@cache
def translations(language: str) -> NullTranslations:
    """What turns our English into this language: all its catalogues together."""
    if language != "nl":
        return NullTranslations()
    made = Translations()
    for catalogue in catalogues():
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        made.merge(Translations(compiled))
    return made


def catalogues() -> list[Catalog]:
    """The Dutch catalogues, one for each group of pages, as they are written."""
    folder = files(__package__).joinpath("locale/nl")
    found = sorted(folder.iterdir(), key=lambda one: one.name)
    return [read_po(io.BytesIO(one.read_bytes()), locale="nl") for one in found]


def chosen(asked: str | None, accepted: str | None, usual: str) -> str:
    """The language of a page: what was chosen, or what the browser likes best, or the usual one."""
    if asked in LANGUAGES:
        return asked
    for one in (accepted or "").split(","):
        language = one.split(";")[0].split("-")[0].strip().lower()
        if language in LANGUAGES:
            return language
    return usual
