"""Saves what is downloaded: for the eyes of whoever asked, and whole or not at all."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from avgate_client.errors import IncompleteError, UnreachableError
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_contracts.http.answer import Streamed

_ZIP, _PDF = "application/zip", "application/pdf"
_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/(?:[0-9]+|\*)")
_SHA256 = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):")
_NOT_KEPT = "nothing was kept; download it again"


async def save(line: Line, outgoing: Outgoing, to: Path) -> int:
    """Saves what a call answers, and returns its size in bytes.

    It is written beside `to`, as `NAME.part` with mode 0600, and gets its name once it is whole:
    as long, and with the digest, as the gateway said. A cut is gone on from where the gateway can
    do that, and begun anew where not.

    Raises AvgateError, and OSError: FileExistsError where another download is under way.
    """
    part = to.with_name(f"{to.name}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w+b") as file:  # noqa: ASYNC230, PTH123 -- a descriptor; blocks are small
            saving = _Saving(line, outgoing, file)
            await saving.whole()
            await asyncio.to_thread(os.fsync, file.fileno())
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return saving.size


@dataclass(slots=True)
class _Saving:
    """One download, over as many connections as it takes."""

    line: Line
    outgoing: Outgoing
    file: BinaryIO
    size: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # of the answer that began it
    sum: hashlib._Hash = field(default_factory=hashlib.sha256)

    async def whole(self) -> None:
        for attempt in range(1, self.line.patience.attempts + 1):
            try:
                async with self.line.stream(self._rest()) as answer:
                    self._begun(answer)
                    async for piece in answer.chunks:
                        self.file.write(piece)
                        self.sum.update(piece)
                        self.size += len(piece)
            except UnreachableError:
                if attempt == self.line.patience.attempts:
                    raise
                continue
            self.file.flush()
            self._check()
            return

    def _rest(self) -> Outgoing:
        """The call for what is missing, if the gateway can send that and it is still the same."""
        tag = self.headers.get("etag", "")
        if not self.size or self.headers.get("accept-ranges") != "bytes" or tag[:1] != '"':
            return self.outgoing
        return replace(self.outgoing, headers={"range": f"bytes={self.size}-", "if-range": tag})

    def _begun(self, answer: Streamed) -> None:
        """Goes on where the answer does, or starts again from nothing."""
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
            if found is None or int(found[1]) != self.size:
                raise IncompleteError(f"another part came than was asked for; {_NOT_KEPT}")
            return
        self.file.seek(0)
        self.file.truncate()
        self.size, self.sum, self.headers = 0, hashlib.sha256(), answer.headers

    def _check(self) -> None:
        """Raises IncompleteError where it is not what was announced, or ends in the middle."""
        length = self.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) != self.size:
            raise IncompleteError(f"it is not as long as was announced; {_NOT_KEPT}")
        told = self.headers.get("repr-digest") or self.headers.get("content-digest") or ""
        digest = _SHA256.search(told)
        if digest is not None and base64.b64decode(digest[1]) != self.sum.digest():
            raise IncompleteError(f"it is not what was sent; {_NOT_KEPT}")
        if not self._ends_well():
            raise IncompleteError(f"it ends in the middle; {_NOT_KEPT}")

    def _ends_well(self) -> bool:
        """Whether the end of the format is there: nothing else tells a cut that looks like an end."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == _ZIP:
            return zipfile.is_zipfile(self.file)
        if kind == _PDF:
            self.file.seek(max(0, self.size - 1024))
            return b"%%EOF" in self.file.read()
        return True
