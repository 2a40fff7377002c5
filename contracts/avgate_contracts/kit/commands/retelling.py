"""Puts a redacted recording into the words that its connector uses when it is replayed.

Many connectors make the key of a write, or the number of an order, out of what they are given: a
uuid5 of key and ref. From the stand-ins of a recording they make another one than from the real
values, so the recording has to have that one, wherever the upstream repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass

from avgate_contracts.kit.bench import Bench
from avgate_contracts.kit.clock import Clock
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault_transport import FaultTransport
from avgate_contracts.kit.own import Settling
from avgate_contracts.kit.replay import TapeMissError
from avgate_contracts.kit.story import Play
from avgate_contracts.kit.tape import Tape


@dataclass(frozen=True, slots=True)
class OnStage:
    """What a story is played on."""

    clock: Clock
    transport: FaultTransport


async def retold(suite: type[Declared], tape: Tape) -> Tape:
    """The recording as the connector plays it, from the stand-ins that are in it.

    A connector that then asks something else altogether leaves it as it is: the tests will say so.
    """
    cast = Bench(suite).cast
    settling = Settling(tape, volatile=suite.volatile, salt=suite.redaction.salt)
    clock = Clock(suite.now or tape.meta.recorded_at)
    transport = FaultTransport(settling, cast.settings.credentials(), clock.now)
    try:
        await Play(cast, OnStage(clock, transport)).play(tape.meta.story)
    except (Exception, TapeMissError):  # noqa: BLE001 -- the tests find it too, and tell it better
        return tape
    return settling.settled()
