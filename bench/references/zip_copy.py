"""A plain streamed copy through `zipfile`: the files of a folder, as a ZIP on standard output.

No encryption, no digests, no manifest, no conversion: what is read from disk is deflated (as `zipfile`
does by itself), or stored where its name says that it is compressed already, and written to a pipe.
Run: `python zip_copy.py FOLDER`.
"""

from __future__ import annotations

import sys
from io import RawIOBase
from pathlib import Path
from shutil import copyfileobj
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from typing_extensions import Buffer

_COMPRESSED = {".mp3"}
_PIECE = 64 * 1024


class _Pipe(RawIOBase):
    """Standard output, which cannot be gone back in."""

    def writable(self) -> bool:
        return True

    def write(self, piece: Buffer) -> int:
        return sys.stdout.buffer.write(piece)


def main() -> None:
    folder = Path(sys.argv[1])
    with ZipFile(cast("IO[bytes]", _Pipe()), "w") as archive:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            entry = ZipInfo(str(path.relative_to(folder)))
            is_compressed = path.suffix in _COMPRESSED
            entry.compress_type = ZIP_STORED if is_compressed else ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                copyfileobj(source, sink, _PIECE)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
