"""What befalls several gateways, their database and the way to it; each trouble is over when it returns."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tests.flow.cluster import Cluster
from tests.flow.fleet import Fleet
from tests.flow.harness import Served
from tests.flow.proxy import Proxy

from avgate_mocks.people import UPSTREAMS

_OTHERS = (
    "FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_MOODS = ("nasty", "nasty", "mild", "none")


@dataclass(frozen=True, slots=True)
class Town:
    """All there is: gateways, what they share, and how one of them reaches it."""

    chance: Random
    fleet: Fleet
    cluster: Cluster
    proxy: Proxy
    served: list[Served]

    def any_one(self) -> Served:
        return self.chance.choice(self.served)

    def rest(self, most: float) -> None:
        time.sleep(self.chance.uniform(0.5, most))


def killed(town: Town) -> None:
    one = town.any_one()
    one.process.end(signal.SIGKILL)
    town.rest(6)
    one.process.start()


def ended(town: Town) -> None:
    one = town.any_one()
    one.process.send(signal.SIGTERM)
    one.process.ended(60)
    one.process.start()


def frozen(town: Town) -> None:
    """For less than a lease, or for longer: then others take over."""
    one = town.any_one()
    one.process.send(signal.SIGSTOP)
    town.rest(14)
    one.process.send(signal.SIGCONT)


def cut_off(town: Town) -> None:
    """One of them cannot reach the database, and nobody tells it."""
    town.proxy.go_dead()
    town.rest(14)
    town.proxy.heal()


def disconnected(town: Town) -> None:
    town.fleet.ask(f"SELECT pg_terminate_backend(pid) {_OTHERS}")


def database_crashed(town: Town) -> None:
    town.cluster.stop(signal.SIGQUIT)
    town.rest(5)
    town.cluster.start()


def database_silent(town: Town) -> None:
    """It takes in what it is asked, and does not answer."""
    backends = [int(str(pid)) for (pid,) in town.fleet.ask(f"SELECT pid {_OTHERS}")]
    _signal(backends, signal.SIGSTOP)
    town.rest(9)
    _signal(backends, signal.SIGCONT)


def mood_changed(town: Town) -> None:
    name = town.chance.choice(UPSTREAMS)
    town.fleet.mocks.plant(name, mood=town.chance.choice(_MOODS))


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


TROUBLES: tuple[Callable[[Town], None], ...] = (
    killed,
    killed,
    ended,
    frozen,
    cut_off,
    disconnected,
    database_crashed,
    database_silent,
    mood_changed,
)
