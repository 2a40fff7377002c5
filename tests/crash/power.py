"""What is left on a disk when the power goes: what was synced, and of the rest whatever luck left.

A record of writes and syncs (see `disk`) is played onto the files as they were at the start. Of each write
since its file was last synced, all, nothing, or some of its sectors are there, in no order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from .disk import RECORD

SECTOR = 512
STORES = ("avgate.db", "avgate.db-wal")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing SQLite did to a file, or a mark of ours."""

    what: str  # write, truncate, sync, delete, mark
    path: str
    at: int = 0
    data: bytes = field(default=b"", repr=False)


def recorded(folder: Path) -> list[Step]:
    return list(_steps((folder / RECORD).read_bytes()))


def _steps(log: bytes) -> Iterator[Step]:
    place = 0
    while (end := log.find(b"\n", place)) >= 0:
        what, path, at, size = json.loads(log[place:end])
        data = log[end + 1 : end + 1 + size]
        if len(data) < size:
            return  # it died while it wrote this down
        yield Step(what, path, at, data)
        place = end + 1 + size


@dataclass
class Disk:
    """Files as a sync made them last, and the writes since."""

    synced: dict[str, bytearray | None]
    pending: dict[str, list[Step]] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        if step.what == "sync":
            self.settle(step.path)
        elif step.what != "mark":
            self.pending.setdefault(step.path, []).append(step)

    def settle(self, path: str) -> None:
        content = self.synced.get(path)
        for step in self.pending.pop(path, []):
            content = _applied(content, step)
        self.synced[path] = content

    def cut(self, luck: Random) -> dict[str, bytes]:
        """The files as they are found after the power went, by one throw of the dice."""
        left: dict[str, bytes] = {}
        for path in {*self.synced, *self.pending}:
            content = self.synced.get(path)
            content = None if content is None else bytearray(content)
            waiting = self.pending.get(path, [])
            mood = luck.choice(("none", "all", "some", "some", "torn", "prefix"))
            number = luck.randint(0, len(waiting))
            for place, step in enumerate(waiting):
                stays = {"none": False, "all": True, "prefix": place < number}.get(
                    mood, luck.random() < 0.5
                )
                if stays:
                    content = _applied(content, _torn(step, luck) if mood == "torn" else step)
            if content is not None:
                left[path] = bytes(content)
        return left


def _torn(step: Step, luck: Random) -> Step:
    """A write of which only the sectors before or after some place arrived."""
    sectors = max(len(step.data) // SECTOR, 1)
    if step.what != "write" or sectors < 2:
        return step
    edge = luck.randint(1, sectors - 1) * SECTOR
    if luck.random() < 0.5:
        return Step("write", step.path, step.at, step.data[:edge])
    return Step("write", step.path, step.at + edge, step.data[edge:])


def _applied(content: bytearray | None, step: Step) -> bytearray | None:
    if step.what == "delete":
        return None
    content = bytearray() if content is None else content
    if step.what == "truncate":
        del content[step.at :]
        return content
    end = step.at + len(step.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[step.at : end] = step.data
    return content


def before(folder: Path) -> dict[str, bytearray | None]:
    """The stores of a folder as they are now, taken as synced."""
    paths = {name: folder / name for name in STORES}
    return {name: bytearray(p.read_bytes()) for name, p in paths.items() if p.exists()}


def cut(
    folder: Path, began: dict[str, bytearray | None], steps: Sequence[Step], luck: Random
) -> None:
    """Leaves in a folder what a power cut at the end of these steps leaves."""
    disk = Disk({name: content and bytearray(content) for name, content in began.items()})
    for step in steps:
        disk.take(step)
    write(folder, disk.cut(luck))


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name in STORES:
        (folder / name).unlink(missing_ok=True)
        (folder / f"{name}-shm").unlink(missing_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)  # as keys have to be
