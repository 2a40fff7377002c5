"""Sound that is made while it is sent, so that an hour of it takes no memory."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from random import Random

_SAMPLES_PER_SECOND = 8000  # G.711, a byte a sample
_MU_LAW = 7
MIME_TYPE = "audio/x-wav"


@dataclass(frozen=True, slots=True)
class Audio:
    """Noise as a WAV file in G.711 mu-law; the same salt, the same noise."""

    salt: int
    seconds: int

    @property
    def size_bytes(self) -> int:
        return len(_head(0)) + self.seconds * _SAMPLES_PER_SECOND

    @property
    def about(self) -> Mapping[str, object]:
        return {
            "mimeType": MIME_TYPE,
            "sizeBytes": self.size_bytes,
            "durationSeconds": self.seconds,
        }

    async def stream(self) -> AsyncIterator[bytes]:
        second = Random(self.salt).randbytes(_SAMPLES_PER_SECOND)
        yield _head(self.seconds * _SAMPLES_PER_SECOND)
        for _ in range(self.seconds):
            yield second


def _head(size: int) -> bytes:
    layout = struct.pack("<HHIIHH", _MU_LAW, 1, _SAMPLES_PER_SECOND, _SAMPLES_PER_SECOND, 1, 8)
    chunk = b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk) + size) + b"WAVE" + chunk
