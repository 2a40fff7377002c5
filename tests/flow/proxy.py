"""A way to the database that can be cut, or go dead without a word."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread


@dataclass
class Proxy:
    """Passes bytes on between whoever connects and a port on loopback, while it is open."""

    to: int
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    open: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)
    connected: list[socket.socket] = field(default_factory=list)
    behind: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port: int = self.listener.getsockname()[1]
        self.open.set()
        Thread(target=self._accept, daemon=True).start()

    def go_dead(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self.open.clear()

    def leave_behind(self) -> None:
        """Nothing gets through of what is connected, and nobody is told; what connects from now on gets through.

        So it is where the machine is gone, and its address leads to another.
        """
        self.behind.append(self.open)
        self.go_dead()
        self.open = Event()
        self.open.set()

    def heal(self) -> None:
        """Whatever was under way is lost; what connects from now on gets through."""
        self._drop()
        self.open.set()

    def end(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._drop()
        for one in (self.open, *self.behind):
            one.set()

    def _drop(self) -> None:
        with self.lock:
            dropped, self.connected = self.connected, []
        for one in dropped:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(("127.0.0.1", self.to))
            except OSError:  # the server is down
                here.close()
                continue
            with self.lock:
                self.connected += [here, there]
            for one, other in ((here, there), (there, here)):
                Thread(target=self._pump, args=(one, other, self.open), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket, way: Event) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                way.wait()
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)
