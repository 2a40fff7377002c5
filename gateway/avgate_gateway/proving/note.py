"""Signed checkpoints: how long the log is and what its root is, in C2SP's form of a signed note.

A checkpoint is three lines (an origin, a size, a root) and one for the moment; a signature line
follows after an empty one: an em dash, the key's name, and four bytes of the key's digest with the
Ed25519 signature. See c2sp.org/tlog-checkpoint and c2sp.org/signed-note.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NAME = "avgate-evidence"
_ED25519 = b"\x01"
_BEFORE_SIGNATURE = "\n\N{EM DASH} "


class NoteError(Exception):
    """It is no checkpoint of ours: another form, another key, or a signature that does not hold."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How much evidence there was at a moment."""

    size: int
    root: bytes
    at: datetime

    @property
    def text(self) -> str:
        told = base64.b64encode(self.root).decode()
        return f"{NAME}\n{self.size}\n{told}\n{self.at.isoformat()}\n"


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a note that anybody with the public key can believe."""
    signature = key.sign(checkpoint.text.encode())
    told = base64.b64encode(key_id(key.public_key()) + signature).decode()
    return f"{checkpoint.text}{_BEFORE_SIGNATURE}{NAME} {told}\n"


def believed(note: str, *keys: Ed25519PublicKey) -> Checkpoint:
    """What a note tells; raises NoteError unless one of these keys signed it."""
    text, _, _ = note.rpartition(_BEFORE_SIGNATURE)
    try:
        signer(note, *keys).verify(_signature(note)[4:], text.encode())
        origin, size, root, at = text.rstrip("\n").split("\n")
        made = Checkpoint(
            int(size), base64.b64decode(root, validate=True), datetime.fromisoformat(at)
        )
    except (ValueError, binascii.Error):
        raise NoteError("it is no checkpoint") from None
    except InvalidSignature:
        raise NoteError("its signature does not hold") from None
    if origin != NAME or made.text != text:
        raise NoteError("it is no checkpoint of this kind of log")
    return made


def signer(note: str, *keys: Ed25519PublicKey) -> Ed25519PublicKey:
    """Which of these keys a note names as the one that signed it; raises NoteError."""
    told = _signature(note)[:4]
    for key in keys:
        if key_id(key) == told:
            return key
    raise NoteError("it is signed with another key")


def _signature(note: str) -> bytes:
    """The bytes behind the last name, if it is ours; raises NoteError."""
    _, mark, line = note.rpartition(_BEFORE_SIGNATURE)
    name, _, encoded = line.rstrip("\n").partition(" ")
    if not mark or name != NAME:
        raise NoteError("it is no checkpoint")
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise NoteError("it is no checkpoint") from None


def key_id(key: Ed25519PublicKey) -> bytes:
    return sha256(NAME.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]


def verifier_key(key: Ed25519PublicKey) -> str:
    """The public key as signed notes word it: name, digest, and key in base64."""
    told = base64.b64encode(_ED25519 + key.public_bytes_raw()).decode()
    return f"{NAME}+{key_id(key).hex()}+{told}"


def opened_key(text: str) -> Ed25519PublicKey:
    """The public key in what `verifier_key` made; raises NoteError."""
    name, _, rest = text.partition("+")
    told, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw[1:])
    except ValueError:
        raise NoteError("it is no key of a checkpoint") from None
    if (name, raw[:1], told) != (NAME, _ED25519, key_id(key).hex()):
        raise NoteError("it is no key of a checkpoint")
    return key
