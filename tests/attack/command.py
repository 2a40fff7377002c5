"""`make attack CASES=100000`: the same for as long as it takes, each part with a seed of its own."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from ..flow.conftest import begun
from ..flow.harness import EVERYTHING, Served, token
from .described import tried

_EXAMPLES = 200


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cases", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=int(time.time()))
    chosen = asked.parse_args()
    cases, parts = 0, 0
    while cases < chosen.cases:
        seed = chosen.seed + parts
        with tempfile.TemporaryDirectory() as folder:
            found, told = _part(Path(folder), seed)
        cases, parts = cases + found, parts + 1
        if told is not None:
            sys.stderr.write(f"{told}\nseed {seed}\n")
            return 1
        sys.stderr.write(f"{cases} cases\n")
    sys.stdout.write(json.dumps({"cases": cases, "parts": parts, "failed": 0}) + "\n")
    return 0


def _part(folder: Path, seed: int) -> tuple[int, str | None]:
    """How many cases one part has, and what was said if one of them failed."""
    mocks = begun(folder, people=40)
    served = Served(folder)
    served.start()
    try:
        anybody = token(folder / "avgate-token.jwk", "libervoice", "portal", EVERYTHING)
        found = tried(served.base, anybody, _EXAMPLES, seed, folder)
        return found.cases, None if found.is_well and found.cases else found.told
    finally:
        served.end()
        mocks.end()


if __name__ == "__main__":
    sys.exit(main())
