"""A small disk of its own that really fills up, or that the kernel makes read-only; for root only."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_MEGABYTES = 96  # or what is taken in while it is full fills it for good
_PIECE = b"\0" * 65_536
_BUSY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system in a file, mounted at a folder."""

    folder: Path
    image: Path

    def fill(self) -> None:
        """Leaves no room for a single block more."""
        with (self.folder / "ballast").open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(_PIECE)

    def empty(self) -> None:
        (self.folder / "ballast").unlink()

    def settle(self) -> None:
        """Has all on disk that was written before: what is not, an error takes away."""
        _said("sync", "--file-system", str(self.folder))

    def fail(self) -> None:
        """Has the kernel find an error in it, after which it may only be read, whoever has it open."""
        name = Path(_said("findmnt", "--noheadings", "--output", "SOURCE", str(self.folder))).name
        Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")

    def mend(self) -> None:
        """Mounts it anew, which nobody may have it open for."""
        self.unmount()
        _said("fsck.ext4", "-p", str(self.image), allowed=(0, 1))
        self.mount()

    def mount(self) -> None:
        _said("mount", "-o", "loop,errors=remount-ro", str(self.image), str(self.folder))

    def unmount(self) -> None:
        end = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                _said("umount", str(self.folder))
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return


def may_mount() -> bool:
    """Whether this process may mount file systems here, and make them fail."""
    with TemporaryDirectory(prefix="avgate-mount-") as place:
        try:
            with small_disk(Path(place) / "disk"):
                return Path("/sys/fs/ext4").is_dir()
        except (OSError, subprocess.CalledProcessError):
            return False


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A disk under a folder that is made; raises CalledProcessError where nobody may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    made = SmallDisk(folder, folder.with_suffix(".img"))
    made.image.unlink(missing_ok=True)
    with made.image.open("wb") as image:
        image.truncate(_MEGABYTES * 1024 * 1024)
    _said("mkfs.ext4", "-q", "-m", "0", str(made.image))
    made.mount()
    try:
        yield made
    finally:
        made.unmount()
        made.image.unlink()


def _said(*command: str, allowed: tuple[int, ...] = (0,)) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
    if ended.returncode not in allowed:
        raise subprocess.CalledProcessError(ended.returncode, command, ended.stdout, ended.stderr)
    return ended.stdout.strip()
