"""`make mutants`: whether tests notice when what guards people is changed, mutant by mutant.

cosmic-ray changes one place at a time in a copy of the tree, and the tests named beside each module are
run. Prints one JSON object: of every module how many mutants lived, and where. Hours for all of them;
`MODULE=warrant` for one, `SHARE=0.1` for every tenth mutant.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GATEWAY, HTTP = "gateway/avgate_gateway", "contracts/avgate_contracts/http"
_SECONDS = 120
_TAMPERS = "tests/gateway/test_tampering.py"
# What is mutated, and the tests that ought to see it: fast ones, for they run once for each mutant.
MODULES: dict[str, tuple[str, Sequence[str]]] = {
    "warrant": (
        f"{GATEWAY}/warrant.py",
        ("tests/gateway/test_warrant.py", "tests/gateway/test_altered_rows.py"),
    ),
    "idempotent": (f"{GATEWAY}/idempotent.py", ("tests/gateway/test_idempotent.py",)),
    "vault": (f"{GATEWAY}/vault.py", ("tests/gateway/test_keyring.py",)),
    "keyring": (f"{GATEWAY}/keyring.py", ("tests/gateway/test_keyring.py",)),
    "path": (
        f"{HTTP}/path.py",
        ("tests/contracts/http/test_path.py", "tests/contracts/http/test_address.py"),
    ),
    "address": (
        f"{HTTP}/address.py",
        ("tests/contracts/http/test_address.py", "tests/contracts/http/test_path.py"),
    ),
    "plan_digest": (f"{GATEWAY}/plan/digest.py", ("tests/gateway/test_plan.py",)),
    "plan_erasure": (f"{GATEWAY}/plan/erasure.py", ("tests/gateway/test_plan.py",)),
    "plan_rectification": (
        f"{GATEWAY}/plan/rectification.py",
        ("tests/gateway/test_plan_rectification.py",),
    ),
    "retention": (
        f"{GATEWAY}/retention/decision.py",
        ("tests/gateway/test_retention.py", "tests/gateway/test_retention_pack.py"),
    ),
    "entry": (f"{GATEWAY}/proving/entry.py", ("tests/gateway/test_evidence_chain.py", _TAMPERS)),
    "tree": (f"{GATEWAY}/proving/tree.py", ("tests/gateway/test_checkpointing.py", _TAMPERS)),
    "stretch": (f"{GATEWAY}/proving/stretch.py", (_TAMPERS,)),
    "examination": (
        f"{GATEWAY}/proving/examination.py",
        ("tests/gateway/test_checkpointing.py", _TAMPERS),
    ),
    "claim": (
        f"{GATEWAY}/authentication/claim.py",
        ("tests/gateway/test_authentication.py", "tests/gateway/test_authentication_routes.py"),
    ),
    "compact": (f"{GATEWAY}/authentication/compact.py", ("tests/gateway/test_authentication.py",)),
    "verifier": (
        f"{GATEWAY}/authentication/verifier.py",
        ("tests/gateway/test_authentication.py", "tests/gateway/test_authentication_memory.py"),
    ),
    "trusted_key": (
        f"{GATEWAY}/authentication/trusted_key.py",
        ("tests/gateway/test_authentication.py", "tests/gateway/test_authentication_keys.py"),
    ),
}


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a module's mutants."""

    mutants: int
    survived: tuple[str, ...]

    def told(self) -> dict[str, object]:
        killed = self.mutants - len(self.survived)
        share = round(killed / self.mutants, 3) if self.mutants else None
        return {"mutants": self.mutants, "score": share, "survived": list(self.survived)}


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--module", choices=MODULES, action="append")
    asked.add_argument("--share", type=float, default=1.0, help="of the mutants that are tried")
    chosen = asked.parse_args()
    scores = {}
    for name in chosen.module or MODULES:
        scores[name] = scored(name, chosen.share).told()
        sys.stderr.write(f"{name}: {json.dumps(scores[name])}\n")
    sys.stdout.write(json.dumps(scores, indent=1) + "\n")
    return 0


def scored(name: str, share: float) -> Score:
    """Tries a module's mutants in a copy of the tree, which stays as it is whoever dies."""
    module, tests = MODULES[name]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".venv", ".git", ".*_cache"))
        session = Path(folder) / "session.sqlite"
        config = Path(folder) / "cosmic-ray.toml"
        config.write_text(_config(module, tests))
        _cosmic_ray(
            tree, "baseline", str(config)
        )  # or all mutants die of what is wrong without them
        _cosmic_ray(tree, "init", str(config), str(session))
        _leave_out_inert(session, (tree / module).read_text("utf-8"))
        _thin_out(session, share)
        _cosmic_ray(tree, "exec", str(config), str(session))
        return _read(session)


def _config(module: str, tests: Sequence[str]) -> str:
    options = "-x -q -n0 -p no:cacheprovider -p no:schemathesis"
    command = f"{sys.executable} -m pytest {options} {' '.join(tests)}"
    return (
        "[cosmic-ray]\n"
        f'module-path = "{module}"\ntimeout = {_SECONDS}\nexcluded-modules = []\n'
        f'test-command = "{command}"\n[cosmic-ray.distributor]\nname = "local"\n'
    )


def _cosmic_ray(tree: Path, *arguments: str) -> None:
    """The copy's packages come before the installed ones, which are those of the real tree."""
    ours = ["contracts", "gateway", "mocks", *(f"connectors/{c.name}" for c in _connectors(tree))]
    path = os.pathsep.join(str(tree / folder) for folder in ours)
    program = Path(sys.executable).with_name("cosmic-ray")
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([str(program), *arguments], cwd=tree, env=environment, check=True)  # noqa: S603 -- our own arguments


def _connectors(tree: Path) -> list[Path]:
    return [folder for folder in (tree / "connectors").iterdir() if folder.is_dir()]


def _leave_out_inert(session: Path, source: str) -> None:
    """No mutant of a type is tried, nor of whether a dataclass has slots: none could be noticed."""
    spans = list(_inert(ast.parse(source)))
    with sqlite3.connect(session) as db:
        query = "SELECT job_id, start_pos_row, start_pos_col FROM mutation_specs"
        for job, *place in db.execute(query).fetchall():
            if any(begin <= tuple(place) < end for begin, end in spans):
                _forget(db, job)


def _inert(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where each annotation, and each class's decorator, begins and ends: line and column."""
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        parts += node.decorator_list if isinstance(node, ast.ClassDef) else []
        for part in parts:
            if isinstance(part, ast.expr):
                end = (part.end_lineno or 0, part.end_col_offset or 0)
                yield (part.lineno, part.col_offset), end


def _thin_out(session: Path, share: float) -> None:
    every = max(1, round(1 / share))
    with sqlite3.connect(session) as db:
        ids = [row[0] for row in db.execute("SELECT job_id FROM work_items ORDER BY job_id")]
        for job in (job for place, job in enumerate(ids) if place % every):
            _forget(db, job)


def _forget(db: sqlite3.Connection, job: str) -> None:
    db.execute("DELETE FROM mutation_specs WHERE job_id = ?", (job,))
    db.execute("DELETE FROM work_items WHERE job_id = ?", (job,))


def _read(session: Path) -> Score:
    query = (
        "SELECT s.operator_name, s.start_pos_row, r.test_outcome FROM work_results r"
        " JOIN mutation_specs s ON s.job_id = r.job_id ORDER BY s.start_pos_row"
    )
    with sqlite3.connect(session) as db:
        rows = db.execute(query).fetchall()
    lived = [f"line {row}: {name}" for name, row, outcome in rows if "SURVIVED" in str(outcome)]
    return Score(len(rows), tuple(lived))


if __name__ == "__main__":
    sys.exit(main())
