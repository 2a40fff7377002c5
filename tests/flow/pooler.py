"""A pooler before a PostgreSQL, as far as it matters to who connects: by session, or by transaction."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread

# What PgBouncer lets through of a connection's start unless its config says otherwise.
LET_THROUGH = {"user", "database", "client_encoding", "application_name", "DateStyle", "TimeZone"}
_ASKS_FOR_TLS = (80877103, 80877104)
_STARTS = 196608
_IDLE = b"I"


@dataclass
class Session:
    """One session of the server, and whose turn it is."""

    server: socket.socket
    turn: Lock = field(default_factory=Lock)
    client: socket.socket | None = None

    def pass_back(self) -> None:
        with suppress(OSError):
            while True:
                kind, body = _message(self.server)
                client, is_over = self.client, kind == b"Z" and body == _IDLE
                if is_over:
                    self.client = None
                if client is not None:
                    with suppress(OSError):
                        client.sendall(_packed(kind, body))
                if is_over:
                    self.turn.release()

    def pass_on(self, client: socket.socket, kind: bytes, body: bytes) -> None:
        if self.client is not client:
            self.turn.acquire()
            self.client = client
        self.server.sendall(_packed(kind, body))


@dataclass
class Pooler:
    """Gives each connection a session of its own, or all of them the same one in turn."""

    to: int
    by_transaction: bool = False
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    shared: Session | None = None
    opened: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port: int = self.listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def end(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        for one in (self.listener, *self.opened):
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.opened.append(client)
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            asked = _start(client)
            for unknown in asked.keys() - LET_THROUGH:
                told = f"unsupported startup parameter: {unknown}".encode()
                client.sendall(_packed(b"E", b"SFATAL\0C08P01\0M" + told + b"\0\0"))
                return
            session = self._session(asked)
            client.sendall(_packed(b"R", struct.pack("!i", 0)))
            for name, value in (("server_version", "18.0"), ("client_encoding", "UTF8")):
                client.sendall(_packed(b"S", f"{name}\0{value}\0".encode()))
            client.sendall(_packed(b"K", bytes(8)) + _packed(b"Z", _IDLE))
            while (read := _message(client))[0] != b"X":
                session.pass_on(client, *read)

    def _session(self, asked: dict[str, str]) -> Session:
        if self.by_transaction and self.shared is not None:
            return self.shared
        server = socket.create_connection(("127.0.0.1", self.to))
        self.opened.append(server)
        told = "".join(f"{name}\0{value}\0" for name, value in asked.items()).encode() + b"\0"
        server.sendall(struct.pack("!ii", 8 + len(told), _STARTS) + told)
        while _message(server)[0] != b"Z":
            pass
        made = self.shared = Session(server)
        Thread(target=made.pass_back, daemon=True).start()
        return made


def _start(client: socket.socket) -> dict[str, str]:
    """What a connection asks for at its start."""
    while True:
        length, code = struct.unpack("!ii", _exactly(client, 8))
        if code not in _ASKS_FOR_TLS:
            words: Iterator[str] = iter(_exactly(client, length - 8).decode().split("\0"))
            return {name: next(words) for name in words if name}
        client.sendall(b"N")


def _message(of: socket.socket) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", _exactly(of, 5))
    return kind, _exactly(of, length - 4)


def _packed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _exactly(of: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        more = of.recv(count - len(read))
        if not more:
            raise ConnectionResetError
        read += more
    return read
