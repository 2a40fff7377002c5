"""What systemd is told, where it started the process: that it is ready, lives, and ends (sd_notify)."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from avgate_gateway.rounds import Rounds

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Supervisor:
    """The socket that it gave us; without one nobody is told."""

    address: str | None
    watchdog_seconds: float | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Supervisor:
        watchdog = environ.get("WATCHDOG_USEC", "")
        seconds = int(watchdog) / _MICROS if watchdog.isascii() and watchdog.isdigit() else None
        return cls(environ.get("NOTIFY_SOCKET"), seconds)

    def tell(self, state: str) -> None:
        """Says one thing; who does not listen any more is no trouble of ours."""
        if not self.address:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.sendto(state.encode(), address)

    def watch(self, rounds: Rounds) -> None:
        """Gives a sign of life as often as is asked for, unless what no request gets on without stands still."""
        if not self.address or not self.watchdog_seconds:
            return

        async def beat() -> None:
            if not any(one.is_vital for one in rounds.standstills()):
                self.tell(ALIVE)

        rounds.every(self.watchdog_seconds / 3, "watchdog", "The sign of life to systemd", beat)
