"""An operation with a death in it, at one point: killed, or the power gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random

from . import power
from .checks import Truth, check, check_like
from .disk import Fault
from .house import House, Lane, house
from .operations import OPERATIONS

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

    def to_words(self) -> str:
        words = f"--row {self.row} --operation {self.operation} --point {self.at}"
        more = f" --plant {self.plant}" if self.plant else ""
        return words + more + (f" --seed {self.seed}" if self.seed else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    death: Death
    point: str  # where it died; empty if it never got there
    wrong: str
    seconds: float
    ready: float


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
    counts, wrong, point, ready = ROWS[death.row], "", "", 0.0
    setting = {"names": own.names, "die_at": death.at, "counts": counts, "plant": death.plant}
    async with house(lane, **setting, **own.setting) as here:
        here.die_on = death.on
        try:
            if death.row == "power_cut":
                _record(here, death.seed)
            await here.start()
            await own.play(here)
            await check_like(here, expected)
            ready = here.slowest_start
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what the run found
            wrong = f"{type(error).__name__}: {error}"[:1500]
        if len(here.lives) > here.doomed and here.traced:
            point = " ".join(here.traced[death.at - 1 if death.at else -1])
    return Outcome(death, point, wrong, time.monotonic() - begun, ready)


def _record(here: House, seed: int) -> None:
    """From its first write on, what the doomed life writes is written down, and cut at its death."""
    here.fault = Fault.RECORD
    began = power.before(here.folder)

    def cut() -> None:
        power.cut(here.folder, began, power.recorded(here.folder), Random(seed))  # noqa: S311 -- a throw that can be repeated
        here.fault = Fault.NONE

    here.after_death = cut
