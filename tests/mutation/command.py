"""`make mutants`: whether tests notice when what guards people is changed, mutant by mutant.

One place at a time is changed in a copy of the tree, and the tests named beside each module are run.
Prints one JSON object for each module: how many mutants there are and were tried, how many of them
were killed, and of each that lived its place and what was changed. An hour of one core for all modules;
`MODULE="warrant vault"` for some, `SHARE=0.1` for every tenth mutant, `LIVED=1` for those that lived last
time. Those of which equivalent.py says why nothing could notice them are counted apart.
What became of each is kept in dist/mutants, so a run that was interrupted goes on when it is begun
again; a module begins anew once it or its tests were changed. Ends with 1 if any lived.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.equivalent import changes
from tests.mutation.kept import Kept
from tests.mutation.modules import MODULES
from tests.mutation.mutant import Mutant, mutants
from tests.mutation.stage import BaselineError, staged

ROOT = Path(__file__).parents[2]
_KEPT = ROOT / "dist" / "mutants"


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a module's mutants."""

    module: str
    mutants: int
    tried: int
    lived: Sequence[Mutant]

    def told(self) -> dict[str, Any]:
        known = changes(self.module)
        lived = [each for each in self.lived if (each.was, each.became) not in known]
        counted = self.tried - len(self.lived) + len(lived)
        killed = counted - len(lived)
        return {
            "module": self.module,
            "mutants": self.mutants,
            "tried": self.tried,
            "equivalent": self.tried - counted,
            "killed": killed,
            "survived": len(lived),
            "score": round(killed / counted, 3) if counted else None,
            "lived": [self._shown(each) for each in lived],
        }

    def _shown(self, mutant: Mutant) -> dict[str, str]:
        line, column = mutant.place
        place = f"{MODULES[self.module][0]}:{line}:{column + 1}"
        return {"place": place, "was": mutant.was, "became": mutant.became}


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--module", choices=MODULES, action="append")
    asked.add_argument("--share", type=float, default=1.0, help="of the mutants, to be tried")
    asked.add_argument("--lived", action="store_true", help="only those that lived last time")
    chosen = asked.parse_args()
    survived = 0
    for name in chosen.module or MODULES:
        try:
            score = scored(name, chosen.share, chosen.lived)
        except BaselineError as error:
            sys.stderr.write(f"{error}\n{name}: mend its tests, which fail without any mutant\n")
            return 2
        except KeyboardInterrupt:
            sys.stderr.write(f"{name}: interrupted; the same command goes on from here\n")
            return 130
        told = score.told()
        survived += len(told["lived"])
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        sys.stdout.flush()
    return 1 if survived else 0


def scored(name: str, share: float, only_lived: bool) -> Score:
    """Tries a module's mutants, but for those whose fate is known."""
    module, tests = MODULES[name]
    kept = Kept.of(_KEPT, name, ROOT / module, [ROOT / test for test in tests])
    every = mutants(ROOT / module)
    chosen = every[:: max(1, round(1 / share))]
    if only_lived:
        lived = kept.lived_before()
        chosen = [mutant for mutant in every if mutant.name in lived]
    results = dict(kept.results())
    left = [mutant for mutant in chosen if only_lived or mutant.name not in results]
    for mutant in left:
        results.pop(mutant.name, None)
    if left:
        kept.begin(results)
        results |= _tried(name, left, kept)
    return Score(name, len(every), len(chosen), [each for each in chosen if results[each.name]])


def _tried(name: str, left: Iterable[Mutant], kept: Kept) -> Mapping[str, bool]:
    module, tests = MODULES[name]
    results = {}
    with staged(ROOT, module, tests) as stage:
        for mutant in left:
            began = time.monotonic()
            results[mutant.name] = stage.lives(mutant.source)
            kept.add(mutant.name, results[mutant.name])
            became = "lived " if results[mutant.name] else "killed"
            took = time.monotonic() - began
            sys.stderr.write(f"{name} {became} {took:4.1f} s  {mutant.place[0]}: {mutant.became}\n")
    return results


if __name__ == "__main__":
    sys.exit(main())
