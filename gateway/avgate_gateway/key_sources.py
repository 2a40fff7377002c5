"""Where master keys come from: a file and its neighbours, a value, or a program that prints one."""

from __future__ import annotations

import binascii
import os
import re
import subprocess
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

from avgate_gateway import key_on_disk
from avgate_gateway.keyring import KEY_BYTES, MasterKey, VaultError

_PROGRAM_SECONDS = 30
_NEIGHBOUR = re.compile(r"[0-9a-f]{8}")


def make_file(path: Path) -> None:
    """Makes a master key (mode 0600) where there is none; raises OSError."""
    if not path.exists():
        key_on_disk.create(path, os.urandom(KEY_BYTES))


def from_file(path: Path) -> list[MasterKey]:
    """The key in a file, then those beside it, which only unwrap; raises VaultError, OSError."""
    return [_read(path), *(_read(one) for one in neighbours(path))]


def neighbours(path: Path) -> list[Path]:
    """The files of further master keys: named as this one, with a dot and an id behind it."""
    found = path.parent.glob(f"{path.name}.*")
    return sorted(one for one in found if _NEIGHBOUR.fullmatch(one.name[len(path.name) + 1 :]))


def left_behind(path: Path) -> list[Path]:
    """What whoever was killed over a master key left of it under another name: a whole one, mostly."""
    return [one for one in key_on_disk.drafts(path.parent) if one.name.startswith(f".{path.name}.")]


def make_further(path: Path) -> str:
    """Makes a key beside the one in a file, which only unwraps so far; its name. Raises OSError."""
    key = os.urandom(KEY_BYTES)
    name = MasterKey(key).name
    key_on_disk.create(_beside(path, name), key, like=path)
    return name


def take_into_use(path: Path, name: str) -> str:
    """Makes a key that is beside the file the newest; the name of the one that was.

    Killed anywhere, both are still there. Raises VaultError, OSError.
    """
    further, former = _beside(path, name), _read(path).name
    if name == former:
        raise VaultError(f"master key {name} is in use already")
    if not further.exists():
        raise VaultError(f"there is no {further.name}; `avgate keys make` makes one")
    key_on_disk.create(_beside(path, former), path.read_bytes(), like=path)
    key_on_disk.replace(path, _bytes(further))
    further.unlink()
    return former


def from_text(text: str, setting: str) -> MasterKey:
    """A key in base64; raises VaultError that names the setting and never the value."""
    try:
        key = b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(
            f"{setting}: must be {KEY_BYTES} bytes in base64, as `openssl rand -base64 32` makes them"
        )
    return MasterKey(key)


def from_program(command: Sequence[str]) -> MasterKey:
    """What a program prints: any KMS's client, or whatever asks it. Raises VaultError.

    Its complaints are not shown: nobody knows what else it says when it fails.
    """
    try:
        ended = subprocess.run(  # noqa: S603 -- the operator's own program, from the config, without a shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise VaultError(f"master_key_command: took over {_PROGRAM_SECONDS} seconds") from None
    except OSError as error:
        raise VaultError(f"master_key_command: cannot be run ({error.strerror})") from None
    if ended.returncode != 0:
        raise VaultError(
            f"master_key_command: ended with {ended.returncode}; run it by hand to see why"
        )
    return from_text(ended.stdout.decode("ascii", "replace"), "what master_key_command prints")


def _beside(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}.{name}")


def _read(path: Path) -> MasterKey:
    return MasterKey(_bytes(path))


def _bytes(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise VaultError(f"{path} can be read by others; run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise VaultError(
            f"{path} is not a master key of {KEY_BYTES} bytes; restore it from its backup"
        )
    return key
