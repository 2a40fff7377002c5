"""`python -m avgate_mocks`: the four upstreams on loopback, until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import uvloop

from avgate_mocks.fault import Mood
from avgate_mocks.gateway_config import gateway_config
from avgate_mocks.people import FEWEST, TooFewPeopleError
from avgate_mocks.serving import HOST, port_of, served
from avgate_mocks.upstreams import MOCKS, sockets
from avgate_mocks.world import World, world


@dataclass(frozen=True, slots=True)
class Options:
    port_base: int
    seed: int
    people: int
    faults: Mood
    latency_ms: float
    write_config: Path | None


def options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m avgate_mocks", description=__doc__)
    parser.add_argument(
        "--port-base", type=int, default=9100, help="first of four ports; 0: free ones"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed, the same people and faults"
    )
    parser.add_argument("--people", type=int, default=12, help=f"at least {FEWEST}")
    parser.add_argument("--faults", type=Mood, choices=list(Mood), default=Mood.NONE)
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, help="constant delay of every answer"
    )
    parser.add_argument("--write-config", type=Path, help="write the gateway's configuration here")
    return Options(**vars(parser.parse_args(arguments)))


def main(arguments: Sequence[str]) -> int:
    chosen = options(arguments)
    try:
        shared = world(
            seed=chosen.seed,
            count=chosen.people,
            mood=chosen.faults,
            latency_seconds=chosen.latency_ms / 1000,
        )
        held = sockets(chosen.port_base)
    except (TooFewPeopleError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    uvloop.run(serve(shared, held, chosen.write_config))
    return 0


async def serve(shared: World, held: Mapping[str, socket], config: Path | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ports = {name: port_of(sock) for name, sock in held.items()}
    if config is not None:
        await asyncio.to_thread(config.write_text, gateway_config(shared, MOCKS, ports), "utf-8")
    async with served({held[name]: MOCKS[name].build(shared, ports[name]) for name in held}):
        for name, port in ports.items():
            _say(f"{name} http://{HOST}:{port}")
        _say("ready")
        await stop.wait()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
