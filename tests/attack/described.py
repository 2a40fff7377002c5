"""Runs schemathesis over a gateway's own description, call by call and in sequences."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CONFIG = Path(__file__).with_name("schemathesis.toml")
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
BY_CHANCE = ("fuzzing", "stateful")
ALL = ("examples", "coverage", *BY_CHANCE)  # and every edge of every field: four of five cases
_CASES = re.compile(r"(\d+) generated")


_DISTURBED = "AST constructor recursion depth mismatch"


@dataclass(frozen=True, slots=True)
class Tried:
    """How many cases there were, whether all went as described, and all that was said."""

    cases: int
    is_well: bool
    told: str


def tried(
    base: str,
    token: str,
    examples: int,
    seed: int,
    folder: Path,
    phases: Sequence[str] = ALL,
) -> Tried:
    """Tries every operation with so many examples; `folder` is where it may write.

    Two threads of Python 3.11 that parse source at once may disturb each other, for its parser counts
    their depth in one place; schemathesis tells that as a failure. Then one thread does it alone.
    """
    found = _tried(base, token, examples, seed, folder, phases, workers=2)
    if not found.is_well and _DISTURBED in found.told:
        return _tried(base, token, examples, seed, folder, phases, workers=1)
    return found


def _tried(
    base: str,
    token: str,
    examples: int,
    seed: int,
    folder: Path,
    phases: Sequence[str],
    *,
    workers: int,
) -> Tried:
    program = Path(sys.executable).with_name("schemathesis")
    command = [
        str(program), "--config-file", str(_CONFIG), "run", f"{base}/openapi.json", "--header", f"Authorization: Bearer {token}",
        "--checks", ",".join(_CHECKS), "--max-examples", str(examples), "--seed", str(seed),
        "--exclude-path-regex", "^/opengdpr/",  # which are those of /opendsr by their former names
        "--workers", str(workers), "--continue-on-failure", "--no-color", "--phases", ",".join(phases),
    ]  # fmt: skip
    environment = {"SCHEMATHESIS_HOOKS": "tests.attack.hooks", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(  # noqa: S603 -- our own arguments
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    told = ended.stdout + ended.stderr
    found = _CASES.search(told)
    return Tried(int(found[1]) if found else 0, ended.returncode == 0, told)
