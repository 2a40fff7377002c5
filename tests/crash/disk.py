"""The disk under SQLite: every write and sync counted, made to fail, or recorded for a power cut.

A shim between SQLite and its own file layer, put in by ctypes where a process uses the SQLite library
that Python's driver is linked to. What is below it is SQLite's real code and the real disk, so what is
recorded is our real pattern of writes.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from .points import Points

RECORD = "writes"
_IOERR, _FULL = 10, 13
_IOERR_WRITE, _IOERR_FSYNC = _IOERR | 3 << 8, _IOERR | 4 << 8
_IOERR_TRUNCATE = _IOERR | 6 << 8


class Fault(IntEnum):
    """What the disk does instead of its work; `CONTROL` of points says which is in force."""

    NONE = 0
    FULL = 1  # nothing more fits: writes fail
    WRITE_ERROR = 2
    SYNC_ERROR = 3  # what was written may or may not be there
    RECORD = 4  # all is well, and is written down for a power cut


_int, _p, _i64 = ctypes.c_int, ctypes.c_void_p, ctypes.c_int64
_Write = ctypes.CFUNCTYPE(_int, _p, _p, _int, _i64)
_Truncate = ctypes.CFUNCTYPE(_int, _p, _i64)
_Sync = ctypes.CFUNCTYPE(_int, _p, _int)
# Names stay pointers: SQLite keeps the one it opened a file by.
_Open = ctypes.CFUNCTYPE(_int, _p, _p, _p, _int, ctypes.POINTER(_int))
_Delete = ctypes.CFUNCTYPE(_int, _p, _p, _int)


class _Methods(ctypes.Structure):  # sqlite3_io_methods, version 3
    _fields_ = [
        ("version", _int), ("close", _p), ("read", _p), ("write", _Write), ("truncate", _Truncate),
        ("sync", _Sync), ("rest", _p * 13),
    ]  # fmt: skip


class _File(ctypes.Structure):  # sqlite3_file
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


class _Vfs(ctypes.Structure):  # sqlite3_vfs, version 3
    _fields_ = [
        ("version", _int), ("file_size", _int), ("longest_path", _int), ("next", _p),
        ("name", ctypes.c_char_p), ("data", _p), ("open", _Open), ("delete", _Delete),
        ("rest", _p * 14),
    ]  # fmt: skip


@dataclass
class _Shim:
    points: Points
    record: int  # file descriptor
    paths: dict[int, str] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)  # what C points to must not be collected
    wrapped: dict[int, Any] = field(default_factory=dict)

    @property
    def fault(self) -> int:
        return self.points.control.fault

    def note(self, what: str, path: str, data: bytes = b"", at: int = 0) -> None:
        head = json.dumps([what, path, at, len(data)]).encode() + b"\n"
        os.write(self.record, head + data)

    def mark(self, what: str) -> None:
        """Notes what somebody is promised now."""
        if self.fault == Fault.RECORD:
            self.note("mark", what)

    def opened(self, file: int, name: int | None) -> None:
        self.paths[file] = _base(name)
        methods = _File.from_address(file).methods
        if not methods:
            return
        original = ctypes.addressof(methods.contents)
        if original not in self.wrapped:
            self.wrapped[original] = self.wrap(methods.contents)
        _File.from_address(file).methods = ctypes.pointer(self.wrapped[original])

    def wrap(self, original: _Methods) -> _Methods:  # noqa: C901 -- three calls, four moods each
        ours = _Methods.from_buffer_copy(original)
        write, truncate, sync = original.write, original.truncate, original.sync

        def on_write(file: int, data: int, size: int, at: int) -> int:
            path = self.paths[file]
            self.points.passes("write", path)
            if self.fault == Fault.FULL:
                return _FULL
            if self.fault == Fault.WRITE_ERROR:
                return _IOERR_WRITE
            if self.fault == Fault.RECORD:
                self.note("write", path, ctypes.string_at(data, size), at)
            return int(write(file, data, size, at))

        def on_truncate(file: int, size: int) -> int:
            path = self.paths[file]
            self.points.passes("truncate", path)
            if self.fault in {Fault.FULL, Fault.WRITE_ERROR}:
                return _IOERR_TRUNCATE
            if self.fault == Fault.RECORD:
                self.note("truncate", path, at=size)
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            path = self.paths[file]
            self.points.passes("sync", path)
            if self.fault == Fault.SYNC_ERROR:
                return _IOERR_FSYNC
            done = int(sync(file, flags))
            if self.fault == Fault.RECORD:
                self.note("sync", path)
            self.points.passes("synced", path)
            return done

        ours.write, ours.truncate, ours.sync = (
            _Write(on_write), _Truncate(on_truncate), _Sync(on_sync),
        )  # fmt: skip
        self.kept += [ours, ours.write, ours.truncate, ours.sync]
        return ours


_installed: list[Any] = []


def install(points: Points, folder: Path) -> Callable[[str], None]:
    """Puts the shim under every connection opened from now on; gives a way to mark the record."""
    library = ctypes.CDLL(_linked())
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
    library.sqlite3_vfs_register.argtypes = [ctypes.POINTER(_Vfs), _int]
    record = os.open(folder / RECORD, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    shim = _Shim(points, record)
    own = library.sqlite3_vfs_find(None).contents
    ours = _Vfs.from_buffer_copy(own)
    open_, delete = own.open, own.delete

    def on_open(vfs: int, name: int | None, file: int, flags: int, out: Any) -> int:
        done = int(open_(vfs, name, file, flags, out))
        if done == 0:
            shim.opened(file, name)
        return done

    def on_delete(vfs: int, name: int, sync: int) -> int:
        path = _base(name)
        points.passes("delete", path)
        if shim.fault == Fault.RECORD:
            shim.note("delete", path)
        return int(delete(vfs, name, sync))

    ours.name, ours.open, ours.delete = b"watched", _Open(on_open), _Delete(on_delete)
    _installed.extend([library, shim, ours, ours.open, ours.delete])
    if library.sqlite3_vfs_register(ctypes.byref(ours), 1):
        raise OSError("SQLite does not take the shim")
    return shim.mark


def _base(name: int | None) -> str:
    return Path(ctypes.string_at(name).decode()).name if name else "temporary"


def _linked() -> str:
    """The SQLite library that the driver uses: a part of itself."""
    from sqlcipher3 import dbapi2  # noqa: F401 -- so that it is loaded

    for line in Path("/proc/self/maps").read_text().splitlines():
        if "/sqlcipher3/" in line:
            return line.split()[-1]
    raise OSError("the driver is not loaded: there is nothing to put the shim under")
