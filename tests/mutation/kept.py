"""What became of mutants, on disk as soon as it is known: a run that was interrupted goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kept:
    """One module's results: a heading that says what they hold for, then a line for each mutant."""

    _file: Path
    _module: str
    _tests: str

    @classmethod
    def of(cls, folder: Path, name: str, module: Path, tests: Iterable[Path]) -> Kept:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder / f"{name}.jsonl", _digest([module]), _digest(tests))

    def results(self) -> Mapping[str, bool]:
        """Which mutants lived; none is known once the module or its tests are others."""
        heading, lived = self._lines()
        return lived if heading == [self._module, self._tests] else {}

    def lived_before(self) -> frozenset[str]:
        """Those that lived, whatever the tests were then, of the module as it is."""
        [module, _], lived = self._lines()
        return frozenset(name for name in lived if lived[name] and module == self._module)

    def begin(self, results: Mapping[str, bool]) -> None:
        """Forgets all but these results."""
        lines = [[self._module, self._tests], *results.items()]
        self._file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    def add(self, name: str, lived: bool) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, lived]) + "\n")

    def _lines(self) -> tuple[list[str], dict[str, bool]]:
        text = self._file.read_text("utf-8") if self._file.exists() else ""
        heading, *lines = map(json.loads, text.splitlines() or ['["", ""]'])
        return heading, dict(lines)


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
