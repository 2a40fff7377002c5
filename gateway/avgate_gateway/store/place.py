"""Whether an SQLite file is still where its connections found it: SQLite itself does not look.

It goes on writing into a file that was removed, and what was answered 202 is gone with the process. Where
another was put in its place, those who read could read that one, and those who write write the former.
"""

from __future__ import annotations

from pathlib import Path

from avgate_gateway.store.cut_short import AwayError

Which = tuple[int, int] | None  # a file's device and number there, whatever it is called


class Place:
    """Where one database lies, for all of its connections."""

    def __init__(self, path: Path) -> None:
        self._file, self._log = path, path.with_name(f"{path.name}-wal")
        self._first: Which = None

    def look(self, log: Which = None) -> Which:
        """Its log, for the next look of the connection that opened it; raises AwayError where either is another by now."""
        file = _which(self._file)
        self._first = self._first or file
        if file != self._first:
            raise AwayError(
                f"{self._file.name} was moved, removed or replaced while it was used; put it back, and it goes on by "
                "itself: if it is gone, end this process and restore a backup"
            )
        now = _which(self._log)
        if log is not None and now != log:
            raise AwayError(
                f"{self._log.name} was removed or replaced while it was used; end this process with SIGTERM, which "
                f"writes what stood there into {self._file.name}, and start it again"
            )
        return now


def _which(path: Path) -> Which:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
