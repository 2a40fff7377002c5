"""Records a connector's conversations elsewhere, shows what is new in them, and keeps them."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from avgate_contracts.kit.commands import recorder
from avgate_contracts.kit.commands.finding import KitError, Project, find_project
from avgate_contracts.kit.commands.running import run_tests
from avgate_contracts.kit.shape import Change, differences, shape_of
from avgate_contracts.kit.tape import TapeError, load


@dataclass(frozen=True, slots=True)
class Fresh:
    """New recordings of one test class, and the folder whose recordings they would replace.

    `begun` are those that ended early: to look at, and not to keep.
    """

    tapes: Sequence[Path]
    begun: Sequence[Path]
    folder: Path

    @property
    def is_first(self) -> bool:
        """Whether nothing was recorded before."""
        return not any((self.folder / tape.name).exists() for tape in self.tapes)

    def changes(self) -> Sequence[Change]:
        """What the upstream's answers gained, lost or changed since; raises KitError.

        Of a story that ended early, calls that were not made any more say nothing.
        """
        fresh = [*self.tapes, *self.begun]
        old = [self.folder / tape.name for tape in fresh]
        try:
            before = shape_of(*(load(tape) for tape in old if tape.exists()))
            after = shape_of(*map(load, fresh))
        except TapeError as error:
            raise KitError(str(error)) from None
        known = {call: shape for call, shape in before.items() if call in after or not self.begun}
        return differences(known, after)

    def keep(self) -> None:
        """Puts the new ones in the place of the old ones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for tape in self.tapes:
            beside = self.folder / f".{tape.name}"
            beside.write_bytes(tape.read_bytes())
            beside.replace(self.folder / tape.name)


@dataclass(frozen=True, slots=True)
class Anew:
    """Recordings of each test class, redacted, with nothing in them that may not be kept.

    `problems` says, line by line, what could not be recorded.
    """

    fresh: Sequence[Fresh]
    problems: str

    def insist(self) -> Sequence[Fresh]:
        """The recordings, if everything was recorded; raises KitError."""
        if self.problems:
            raise KitError(f"{self.problems}\nnothing was written")
        return self.fresh


@contextmanager
def recorded_anew(project: Project, settings: Path | None = None) -> Iterator[Anew]:
    """Records in a temporary place that is gone afterwards; raises KitError."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["-p", recorder.__name__, f"--avgate-tapes={folder}"]
        if settings is not None:
            options.append(f"--avgate-settings={_readable(settings)}")
        code, said = run_tests(project, options, quiet=True)
        problems = _text(Path(folder) / recorder.PROBLEMS)
        if code and not problems:
            raise KitError(f"the tests cannot be imported:\n{said.strip()}")
        index: dict[str, str] = json.loads(_text(Path(folder) / recorder.INDEX))
        yield Anew(
            [_fresh(Path(folder) / place, Path(kept)) for place, kept in index.items()], problems
        )


def record_first(draft: Path) -> None:
    """The first recordings of a project that was just written, from its own mock."""
    with recorded_anew(find_project(draft, None)) as anew:
        for one in anew.insist():
            one.keep()


def _fresh(place: Path, kept: Path) -> Fresh:
    begun = sorted((place / recorder.BEGUN).glob("*.yaml"))
    return Fresh(sorted(place.glob("*.yaml")), begun, kept)


def _readable(settings: Path) -> Path:
    try:
        tomllib.loads(settings.read_text("utf-8"))
    except (OSError, ValueError):
        raise KitError("the settings cannot be read; name a TOML file with --settings") from None
    return settings.absolute()


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
