"""Writes client/avgate_client/problems.py, one class per problem type of the gateway, when run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from avgate_gateway.problem import TYPES
from avgate_gateway.problem.catalogue import BASE, ProblemType

PROBLEMS = Path(__file__).parents[2] / "client/avgate_client/problems.py"
_HEAD = f'''"""Every problem type of the gateway as an exception; `python tests/client/problem_classes.py` writes this."""

from __future__ import annotations

from collections.abc import Mapping

from avgate_client.errors import ProblemError

BASE = "{BASE}"
'''


def class_name(kind: ProblemType) -> str:
    """`plan-changed` is PlanChangedError, and `internal-error` is not an error twice."""
    words = kind.slug.removesuffix("-error").split("-")
    return "".join(word.capitalize() for word in words) + "Error"


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind in TYPES:
        yield f"\nclass {class_name(kind)}(ProblemError):"
        yield f'    """{kind.status}: {kind.title}. {kind.next_step}"""\n'
    yield "\nKINDS: Mapping[str, type[ProblemError]] = {"
    yield from (f'    BASE + "{kind.slug}": {class_name(kind)},' for kind in TYPES)
    yield "}"


def text() -> str:
    """The module, as the formatter leaves it."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    shaped = subprocess.run(  # noqa: S603 -- our own formatter
        [ruff, "format", "--stdin-filename", str(PROBLEMS), "-"],
        input="\n".join(_lines()), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return shaped.stdout


if __name__ == "__main__":
    PROBLEMS.write_text(text(), "utf-8")
