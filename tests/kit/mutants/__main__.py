"""`python -m tests.kit.mutants` writes and prints the table; `--all` tries each mutant against the whole suite."""

from __future__ import annotations

import sys
from pathlib import Path

from . import MUTANTS
from .judging import failing, suite_of, variants
from .table import laws, lines

PAGE = Path(__file__).parents[3] / "docs/conformance.md"
END = "<!-- end -->"
TABLES = {"<!-- laws -->\n": laws, "<!-- mutants -->\n": lines}


def main() -> int:
    """Prints, for each mutant, every test that fails; 1 if one of them passes all."""
    survivors = 0
    for mutant in MUTANTS:
        suite = suite_of(mutant.connector, **mutant.more)
        failed = failing(suite, variants(suite))
        survivors += not failed
        names = ", ".join(failed) or "PASSES EVERYTHING"
        print(f"{mutant.name}: {mutant.wrong}\n    {names}", flush=True)  # noqa: T201 -- it is what was asked for
    return int(survivors > 0)


def write() -> None:
    """Puts the tables anew into their page."""
    text = PAGE.read_text("utf-8")
    for marker, rows in TABLES.items():
        before, _, rest = text.partition(marker)
        _, _, after = rest.partition(END)
        table = "".join(f"{row}\n" for row in rows())
        text = f"{before}{marker}{table}{END}{after}"
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
    print("\n".join(lines()))  # noqa: T201 -- it is what was asked for
    sys.exit(main() if "--all" in sys.argv else 0)
