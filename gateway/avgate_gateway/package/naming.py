"""What entries are called: names of ours only, whatever an upstream calls its files."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from avgate_gateway.package.content import File, Section

_CONNECTOR = re.compile(r"[a-z][a-z0-9_-]{0,47}")
_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")  # no folder in Windows may be called so
_LONGEST_LINE = 120

# The media types that packages may hold under their own extension; anything else is ".bin", which
# nothing opens by itself. HTML and SVG stay out on purpose: they would run.
_EXTENSIONS = {
    "application/json": "json",
    "application/pdf": "pdf",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/flac": "flac",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/vnd.wave": "wav",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "audio/x-m4a": "m4a",
    "audio/x-mp3": "mp3",  # what Xelion calls it
    "audio/x-wav": "wav",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "text/plain": "txt",
    "text/vcard": "vcf",
}
_COMPRESSED = frozenset({"aac", "amr", "flac", "jpg", "m4a", "mp3", "ogg", "opus", "png", "webm"})


class EntryNames:
    """Gives out names, each once; raises ValueError as `folder_of` does."""

    def __init__(self) -> None:
        self._stems: Counter[str] = Counter()
        self._files: Counter[str] = Counter()

    def section(self, section: Section) -> str:
        """`<connector>/<product>-<category>` without extension; "-2" marks a second of the same."""
        stem = f"{folder_of(section.connector)}/{section.product}-{section.category}"
        self._stems[stem] += 1
        return stem if self._stems[stem] == 1 else f"{stem}-{self._stems[stem]}"

    def file(self, file: File) -> str:
        """`<connector>/files/0001.mp3`, numbered per connector."""
        folder = folder_of(file.connector)
        self._files[folder] += 1
        return f"{folder}/files/{self._files[folder]:04}.{extension(file.media_type)}"


def extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), "bin")


def is_worth_deflating(path: str) -> bool:
    """Not so for what is compressed already: a recording is stored as it is."""
    return path.rpartition(".")[2] not in _COMPRESSED


def title_of(name: str) -> str:
    """An upstream's name for a file as a short line of text, without folders; perhaps empty."""
    return one_line(re.split(r"[/\\]", name)[-1]).strip(". ")


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """Text of others on one short line; what does not show or turns the reading around is out."""
    shown = "".join(" " if c.isspace() else c for c in text if c.isspace() or _shows(c))
    return " ".join(shown.split())[:longest].rstrip()


def folder_of(connector: str) -> str:
    """The folder of a connector, one that every system can make.

    Raises ValueError if the name is no plain word, for it could be a path.
    """
    if not _CONNECTOR.fullmatch(connector):
        raise ValueError(f"a connector's name must match {_CONNECTOR.pattern}: rename it")
    return f"{connector}-system" if _DEVICE.fullmatch(connector) else connector


def _shows(character: str) -> bool:
    return not unicodedata.category(character).startswith("C")
