"""The smallest files there are: they stand for every file that an upstream hands out."""

from __future__ import annotations

PAGE = b"<!doctype html><title>stand-in</title>"
_WAVE = b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"
_FILES = {
    "audio/mpeg": b"\xff\xfb\x90\xc4" + bytes(8),
    "audio/x-mp3": b"\xff\xfb\x90\xc4" + bytes(8),
    "audio/wav": _WAVE,
    "audio/x-wav": _WAVE,
    "application/pdf": b"%PDF-1.4\n%%EOF\n",
    "application/zip": b"PK\5\6" + bytes(18),
    "image/gif": b"GIF89a\1\0\1\0\0\0\0;",
    "text/html": PAGE,
}


def blank(media_type: str) -> bytes:
    """A file of this media type with nothing in it; eight zero bytes of one that is not known."""
    return _FILES.get(media_type.partition(";")[0].strip(), bytes(8))
