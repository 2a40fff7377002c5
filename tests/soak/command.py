"""`make soak`: three gateways on one PostgreSQL, upstreams in the worst mood, and every trouble by chance.

While callers ask for one person after another, processes are killed, ended, frozen and cut off, and the
database crashes, goes silent and drops connections. When that is over, everything that was promised has
to be done once, said as it is, and nobody else touched. Prints one JSON object; 1 where anything is not so.

python -m tests.soak.command --minutes 7 --seed 11
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import httpx
from tests.flow.cluster import Cluster
from tests.flow.conftest import begun
from tests.flow.fleet import Fleet
from tests.flow.harness import EVERYTHING, Caller, Mocks, Served, bearer, token, until
from tests.flow.proxy import Proxy

from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import UPSTREAMS, Person

from .asking import Callers
from .reckoning import Reckoning
from .troubles import TROUBLES, Town

_PEOPLE, _LEFT_ALONE, _CALLERS, _GATEWAYS = 400, 30, 3, 2  # gateways beside the one with the proxy
_OURS, _CAST = "libervoice", 12  # the first people have parts of their own in other tests


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=7)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="avgate-soak-") as folder:
        try:
            summary = _soaked(Path(folder), chosen.minutes * 60, chosen.seed)
        except Exception as error:  # noqa: BLE001 -- what does not come back or end is wrong as well
            traceback.print_exc()
            summary = {"wrong": [f"the run broke off: {type(error).__name__}: {error}"]}
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return 1 if summary["wrong"] else 0


def _soaked(folder: Path, seconds: float, seed: int) -> dict[str, Any]:
    mocks = begun(folder, seed=seed, people=_PEOPLE)
    cluster = Cluster({"fsync": "on"})
    cluster.start()
    chance = Random(seed)  # noqa: S311 -- a seed plays it again
    proxy, fleet = Proxy(cluster.port), Fleet(cluster, mocks, folder / "fleet")
    try:
        return _told(Town(chance, fleet, cluster, proxy, _serving(fleet, proxy)), seconds)
    finally:
        proxy.heal()
        fleet.end()
        proxy.end()
        cluster.end()
        mocks.end()


def _serving(fleet: Fleet, proxy: Proxy) -> list[Served]:
    around = fleet.url.replace(f":{fleet.cluster.port}/", f":{proxy.port}/")
    served = [fleet.serve("by the proxy", fleet.write("proxy.toml", around))]
    served += [fleet.serve(f"gateway {number}") for number in range(_GATEWAYS)]
    fleet.ready()
    return served


def _told(town: Town, seconds: float) -> dict[str, Any]:
    mocks = town.fleet.mocks
    asked_for, untouched = _people(mocks, town.chance)
    key = town.fleet.folder / "avgate-token.jwk"
    made = token(key, _OURS, "batch", EVERYTHING)
    with httpx.Client(base_url=town.served[-1].base, headers=bearer(made), timeout=60, verify=NO_TLS) as http:  # fmt: skip
        reckoning = Reckoning(town.fleet, Caller(http), mocks.truth())
        callers = Callers(town.served, made, iter(asked_for))
        troubles = _troubled(town, callers, seconds)
        settled = reckoning.settled(callers.asked)
        wrong = [*callers.wrong, *reckoning.wrong(callers.asked, untouched)]
    if "the chain is whole" not in town.fleet.audited():
        wrong.append("the evidence does not verify")
    return {
        "promised": len(callers.asked),
        "answers": dict(callers.answers),
        "troubles": dict(troubles),
        "settled_in_seconds": round(settled),
        "wrong": wrong,
    }


def _people(mocks: Mocks, chance: Random) -> tuple[list[Person], list[Person]]:
    """Those who are asked for, and those whom nothing may happen to."""
    ours = [one for one in mocks.everyone[_CAST:] if one.controller == _OURS]
    chance.shuffle(ours)
    others = [one for one in mocks.everyone if one.controller != _OURS]
    return ours[_LEFT_ALONE:], [*ours[:_LEFT_ALONE], *others]


def _troubled(town: Town, callers: Callers, seconds: float) -> Counter[str]:
    """Troubles one after the other while callers ask; all is well again when it returns."""
    told: Counter[str] = Counter()
    for name in UPSTREAMS:
        town.fleet.mocks.plant(name, mood="nasty")
    chances = [Random(town.chance.random()) for _ in range(_CALLERS)]  # noqa: S311 -- as above
    threads = [Thread(target=callers.go_on, args=(chance,), daemon=True) for chance in chances]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        town.rest(5)
        trouble = town.chance.choice(TROUBLES)
        trouble(town)
        told[trouble.__name__] += 1
        sys.stderr.write(f"{trouble.__name__}: {len(callers.asked)} promised\n")
    callers.over.set()
    for name in UPSTREAMS:
        town.fleet.mocks.plant(name, mood="none")
    for thread in threads:
        thread.join()
    for one in town.served:
        until(one.ready, 90)
    return told


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
