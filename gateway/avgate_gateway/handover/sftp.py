"""To a folder on an SFTP server whose key is known beforehand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncssh

from avgate_contracts.errors import ConnectorError
from avgate_contracts.http.library import TransportError
from avgate_contracts.http.road import Road
from avgate_gateway.handover.delivery import PIECE, DeliveryError, Receipt, Sealed, told
from avgate_gateway.settings.destination import SftpDestination

_SIGNS_IN_WITHIN = 30.0  # seconds
_FLAGS = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
_ENDED = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
_MINE_ALONE = asyncssh.SFTPAttrs(permissions=0o600)


@dataclass(frozen=True, slots=True)
class Sftp:
    """Appends to `NAME.part` from where it ends, and renames that once it is whole."""

    settings: SftpDestination

    async def deliver(self, sealed: Sealed, name: str) -> Receipt:
        try:
            async with self._connected() as sftp:
                return await self._delivered(sftp, sealed, name)
        except asyncssh.HostKeyNotVerifiable:
            failed = DeliveryError("host_key", "another server answers: its key is not host_key")
        except asyncssh.PermissionDenied:
            failed = DeliveryError("credentials", "the server does not accept the credentials")
        except _ENDED as error:
            failed = DeliveryError("unavailable", f"the connection ended: {type(error).__name__}")
        except asyncssh.SFTPError as error:
            failed = DeliveryError("refused", f"the server refused: {type(error).__name__}")
        except ConnectorError as error:
            failed = told(error)
        except (asyncssh.Error, TransportError, OSError) as error:
            failed = DeliveryError("unavailable", f"no answer: {type(error).__name__}")
        raise failed

    async def _delivered(self, sftp: asyncssh.SFTPClient, sealed: Sealed, name: str) -> Receipt:
        whole = f"{self.settings.folder}/{name}" if self.settings.folder else name
        part = f"{whole}.part"
        if await _size(sftp, whole) == sealed.size:  # the answer to the renaming was lost
            return Receipt(name)
        there = await _size(sftp, part)
        if there > sealed.size:
            await sftp.remove(part)
            there = 0
        # The parts of a piece are written side by side, so the last one may have a hole in it.
        offset = max(0, there - PIECE)
        if not await _written(sftp, part, sealed, offset, is_new=there == 0):
            await sftp.remove(part)
            await _written(sftp, part, sealed, 0, is_new=True)
        if await _size(sftp, part) != sealed.size:
            raise DeliveryError("incomplete", "the server has another length than was sent")
        await _renamed(sftp, part, whole)
        return Receipt(name)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Signed in by what the settings say, and by nothing that this machine's user has."""
        own = self.settings
        sock = await Road().to(own.origin, own.destinations)
        key = asyncssh.import_public_key(own.host_key)
        options: dict[str, Any] = {
            "known_hosts": ([key], [], []),
            "username": own.username,
            "password": own.password.get_secret_value() if own.password else None,
            "client_keys": _keys(own),
            "config": None,
            "agent_path": None,
            "login_timeout": _SIGNS_IN_WITHIN,
        }
        async with (
            asyncssh.connect(own.host, own.port, sock=sock, **options) as connection,
            connection.start_sftp_client() as sftp,
        ):
            yield sftp


def _keys(own: SftpDestination) -> list[asyncssh.SSHKey] | None:
    if own.private_key is None:
        return None
    try:
        return [asyncssh.import_private_key(own.private_key.get_secret_value())]
    except asyncssh.KeyImportError:
        raise DeliveryError("misconfigured", "private_key is none in OpenSSH's form") from None


async def _written(
    sftp: asyncssh.SFTPClient, part: str, sealed: Sealed, begin: int, *, is_new: bool
) -> bool:
    """Writes what is missing; False where the server adds nothing to a file that it has.

    Servers in front of an object store, for one, take a file from its beginning to its end.
    """
    offset = begin
    try:
        async with sftp.open(part, _FLAGS, _MINE_ALONE, encoding=None) as file:
            async for piece in sealed.pieces(begin):
                await file.write(piece, offset)
                offset += len(piece)
            with suppress(asyncssh.SFTPOpUnsupported):
                await file.fsync()
    except _ENDED:
        raise
    except asyncssh.SFTPError:
        if offset > begin or is_new:
            raise
        return False
    return True


async def _size(sftp: asyncssh.SFTPClient, path: str) -> int:
    try:
        return (await sftp.stat(path)).size or 0
    except asyncssh.SFTPNoSuchFile:
        return 0


async def _renamed(sftp: asyncssh.SFTPClient, part: str, whole: str) -> None:
    """In one step, also over a file of that name, where the server can."""
    try:
        await sftp.posix_rename(part, whole)
    except asyncssh.SFTPOpUnsupported:
        await sftp.rename(part, whole)
