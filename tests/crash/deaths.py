"""An operation with a death in it, at one point: killed, or the power gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random

from . import power
from .checks import Truth, check, check_like
from .disk import Fault
from .house import House, house
from .lane import Lane
from .operations import OPERATIONS
from .wrong import Kind, told

ROWS = {"kill": "steps", "kill_at_write": "disk", "power_cut": "disk"}


@dataclass(frozen=True, slots=True)
class Death:
    """Where it dies, and how."""

    row: str
    operation: str
    at: int
    plant: str = ""
    seed: int = 0
    on: tuple[str, str, int] | None = None  # or: at the n-th point of this kind and label
    away: int = 0  # seconds that it stays dead
    is_still: bool = False  # and no time passes meanwhile: what was under way is so still
    looks: int = 300  # after which something that does not come about is given up

    def to_words(self) -> str:
        words = f"--row {self.row} --operation {self.operation} --point {self.at}"
        more = f" --plant {self.plant}" if self.plant else ""
        more += f" --away {self.away}" if self.away else ""
        more += " --still" if self.is_still else ""
        return words + more + (f" --seed {self.seed}" if self.seed else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    death: Death
    point: str  # where it died; empty if it never got there
    seconds: float
    wrong: str = ""
    kind: Kind | None = None  # of what is wrong
    requests: int = 0  # that were held to what came of them
    effects: int = 0  # that calls of ours had upstream
    ready: float = 0.0  # processor seconds


async def reference(
    lane: Lane, operation: str, counts: str = "steps", plant: str = ""
) -> tuple[list[tuple[str, str]], Truth]:
    """The points that an operation passes, and how it comes out if nothing dies."""
    own = OPERATIONS[operation]
    async with house(lane, names=own.names, counts=counts, plant=plant, **own.setting) as here:
        await here.start()
        await own.play(here)
        found = await check(here)
        await here.kill()
        here.bury()
        return here.traced, found


async def dies(lane: Lane, death: Death, expected: Truth) -> Outcome:
    """Plays an operation with a death in it, and checks what came of it."""
    own, begun = OPERATIONS[death.operation], time.monotonic()
    point, wrong = "", ""
    kind: Kind | None = None
    came: dict[str, int] = {}
    setting = {"names": own.names, "counts": ROWS[death.row], **own.setting}
    async with house(lane, die_at=death.at, plant=death.plant, **setting) as here:
        here.die_on = death.on
        try:
            here.looks = death.looks
            here.away, here.is_still = death.away, death.is_still
            if death.row == "power_cut":
                _record(here, death.seed)
            await here.start()
            await own.play(here)
            found = await check_like(here, expected)
            came = {"requests": len(here.bodies), "effects": sum(map(len, found.ours.values()))}
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what the run found
            kind, wrong = told(error)
        if len(here.lives) > here.doomed:
            point = " ".join(_died_at(here, death))
    seconds = time.monotonic() - begun
    return Outcome(death, point, seconds, wrong, kind, ready=here.slowest_start, **came)


def _died_at(here: House, death: Death) -> tuple[str, str] | tuple[()]:
    """Kind and label of the point; none where the doomed life ended by itself before it came there."""
    if len(here.traced) < max(death.at, 1):
        return ()
    return here.traced[death.at - 1 if death.at else -1]


def _record(here: House, seed: int) -> None:
    """From its first write on, what the doomed life writes is written down, and cut at its death."""
    here.fault = Fault.RECORD
    began = power.before(here.folder)

    def cut() -> None:
        power.cut(here.folder, began, power.recorded(here.folder), Random(seed))  # noqa: S311 -- a throw that can be repeated
        here.fault = Fault.NONE

    here.after_death = cut
