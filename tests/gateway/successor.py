"""Servers of a successor on this machine: a folder that takes PUT, one over SFTP, and a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from avgate_mocks.serving import HOST, bound, port_of, served

PASSWORD = "let me in"
TOKEN = "a-token-of-the-successor"


@dataclass
class Folder:
    """Files by name, as an HTTPS server would keep them; `cut_at`: a body ends there once, in 503."""

    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # of the next PUTs, after what they did
    cut_at: int | None = None
    is_mute: bool = False  # to HEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        name, begins = request.url.path.removeprefix("/in/"), _begin(request)
        self.calls.append(f"{request.method} {begins}")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            answer = Response(status_code=401)
        elif request.method == "HEAD":
            answer = Response(status_code=405) if self.is_mute else self._told(name)
        else:
            answer = await self._put(request, name, begins)
        await answer(scope, receive, send)

    def _told(self, name: str) -> Response:
        if name not in self.files:
            return Response(status_code=404)
        headers = {"content-length": str(len(self.files[name])), "etag": '"abc"'}
        return Response(None, 200, headers)

    async def _put(self, request: Request, name: str, begins: int) -> Response:
        kept = self.files.get(name, b"")[:begins]
        async for piece in request.stream():
            kept += piece
            if self.cut_at is not None and len(kept) > self.cut_at:
                self.files[name], self.cut_at = kept[: self.cut_at], None
                return Response(status_code=503)
        self.files[name] = kept
        return Response(status_code=self.statuses.pop(0) if self.statuses else 201)


def _begin(request: Request) -> int:
    told = request.headers.get("content-range", "bytes 0-")
    return int(told.removeprefix("bytes ").partition("-")[0])


@dataclass
class Bucket:
    """What of S3's protocol a multipart upload needs."""

    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[int, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    refuses: bool = False
    is_there: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.calls.append(f"{request.method} {request.url.query.partition('=')[0]}".strip())
        signed = request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
        answer = Response(status_code=403)
        if not self.is_there:
            answer = _xml("Error", "<Code>NoSuchBucket</Code>", 404)
        elif signed and not self.refuses:
            answer = await self._answer(request, request.url.path)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, key: str) -> Response:
        asked, body = request.query_params, await request.body()
        if request.method == "HEAD":
            return self._told(key)
        if request.method == "PUT" and "partNumber" not in asked:
            self.objects[key] = body
        elif request.method == "PUT":
            self.parts[int(asked["partNumber"])] = body
        elif "uploads" in asked:
            return _xml("InitiateMultipartUploadResult", "<UploadId>u-1</UploadId>")
        else:
            self.objects[key] = b"".join(self.parts[number] for number in sorted(self.parts))
            return _xml("CompleteMultipartUploadResult", f"<ETag>{_tag(self.objects[key])}</ETag>")
        return Response(headers={"etag": _tag(body)})

    def _told(self, key: str) -> Response:
        if key not in self.objects:
            return Response(status_code=404)
        body = self.objects[key]
        headers = {
            "content-length": str(len(body)),
            "etag": _tag(body),
            "last-modified": "Sun, 29 Nov 2026 10:00:00 GMT",
        }
        return Response(None, 200, headers)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def _xml(name: str, inner: str, status: int = 200) -> Response:
    return Response(f"<{name}>{inner}</{name}>", status, media_type="application/xml")


@asynccontextmanager
async def at(app: Folder | Bucket) -> AsyncIterator[str]:
    """The address of a server, for as long as the block lasts."""
    sock = bound(0)
    async with served({sock: app}):
        yield f"http://{HOST}:{port_of(sock)}"


@dataclass
class Sftp:
    """An SFTP server, and the folder that it shows."""

    folder: Path
    port: int
    host_key: str
    connections: int = 0
    takes_whole: bool = (
        False  # it adds nothing to a file that it has, as in front of an object store
    )
    dies_at: int | None = None  # the connection ends once with so many bytes written


class _Shown(asyncssh.SFTPServer):
    """The folder, until the process behind it is killed."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: Sftp) -> None:
        super().__init__(channel, chroot=str(server.folder).encode())
        self._server, self._channel = server, channel

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        shown = Path(self.map_path(path).decode())
        if self._server.takes_whole and pflags & asyncssh.FXF_WRITE and shown.exists():
            raise asyncssh.SFTPFailure("cannot open for append")
        return super().open(path, pflags, attrs)

    def write(self, file_obj: object, offset: int, data: bytes) -> int | Awaitable[int]:
        dies_at = self._server.dies_at
        if dies_at is not None and offset >= dies_at:
            self._server.dies_at = None
            self._channel.close()  # as sshd does when the process behind it is killed
        return super().write(file_obj, offset, data)


class _Door(asyncssh.SSHServer):
    def __init__(self, server: Sftp) -> None:
        server.connections += 1

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("avgate", PASSWORD)


@asynccontextmanager
async def sftp(folder: Path) -> AsyncIterator[Sftp]:
    """asyncssh's own server on a free port of this machine."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    made = Sftp(folder, 0, key.export_public_key().decode().strip())
    async with await asyncssh.listen(
        HOST,
        0,
        server_factory=lambda: _Door(made),
        server_host_keys=[key],
        sftp_factory=lambda channel: _Shown(channel, made),
    ) as listening:
        made.port = listening.get_port()
        yield made
