"""The folder in which sealed copies lie until they were handed over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from avgate_gateway import key_on_disk
from avgate_gateway.handover.delivery import DeliveryError, Sealed
from avgate_gateway.package.sealing import sealed_for

_WHOLE, _PART = ".age", ".part"
_NAME = ".folder"  # a file whose content tells this folder from that of another machine


@dataclass(frozen=True, slots=True)
class Spool:
    """Files for one pair of eyes, each named after its handover and whom it is sealed for; all of them are age ciphertext."""

    folder: Path

    def name(self) -> str | None:
        """What tells this folder from others; None while nothing was sealed into it."""
        try:
            return (self.folder / _NAME).read_text("ascii").strip()[:36] or None
        except (OSError, ValueError):
            return None

    async def seal(
        self,
        handover_id: str,
        recipient: str,
        copy: AsyncIterator[bytes],
        moved: Callable[[], None],
    ) -> Sealed:
        """Seals a copy into a file that is whole or not there; raises DeliveryError, code `spool`.

        What an attempt that died left of it is written anew.
        """
        try:
            await asyncio.to_thread(self.folder.mkdir, mode=0o700, parents=True, exist_ok=True)
            await asyncio.to_thread(key_on_disk.create, self.folder / _NAME, str(uuid4()).encode())
            return await self._sealed(handover_id, recipient, copy, moved)
        except OSError as error:
            told = f"the folder of hand-overs cannot be written to: {error.strerror}"
            raise DeliveryError("spool", told) from None

    async def found(
        self, handover_id: str, recipient: str, size: int, digest: str
    ) -> Sealed | None:
        """The file as it was sealed for this recipient, if it lies here in its whole length."""
        path = self._path(handover_id, recipient)
        try:
            is_whole = (await asyncio.to_thread(path.stat)).st_size == size
        except OSError:
            return None
        return Sealed(path, size, digest) if is_whole else None

    def drop(self, handover_id: str) -> None:
        """Removes what lies here of a handover."""
        for path in self._of(handover_id):
            path.unlink(missing_ok=True)

    def ids(self) -> Collection[str]:
        """Of which handovers anything lies here."""
        return frozenset(path.name.partition(".")[0] for path in self._of("*"))

    async def _sealed(
        self,
        handover_id: str,
        recipient: str,
        copy: AsyncIterator[bytes],
        moved: Callable[[], None],
    ) -> Sealed:
        part, digest, size = self._path(handover_id, recipient, _PART), sha256(), 0
        await asyncio.to_thread(self.drop, handover_id)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            async for chunk in sealed_for(recipient, copy):
                await asyncio.to_thread(file.write, chunk)
                digest.update(chunk)
                size += len(chunk)
                moved()
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        whole = part.replace(self._path(handover_id, recipient))
        return Sealed(whole, size, digest.hexdigest())

    def _of(self, handover_id: str) -> Iterator[Path]:
        """What lies here of a handover; earlier releases named it after that alone."""
        found = self.folder.glob(f"{handover_id}.*") if self.folder.is_dir() else ()
        return (path for path in found if path.suffix in {_WHOLE, _PART})

    def _path(self, handover_id: str, recipient: str, suffix: str = _WHOLE) -> Path:
        whom = sha256(recipient.encode()).hexdigest()[:16]
        return self.folder / f"{handover_id}.{whom}{suffix}"
