"""Who sent a request and whom to call about it, sealed under the key of the data subject."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from avgate_gateway.vault import Box

_CONTEXT = "a sender's id, and whom to call"


@dataclass(frozen=True, slots=True)
class Sender:
    """The id that a sender gave a request, and the addresses to call when it changes."""

    id: str = field(repr=False)
    callbacks: tuple[str, ...] = field(default=(), repr=False)

    def sealed(self, box: Box) -> bytes:
        return box.seal(orjson.dumps({"id": self.id, "callbacks": self.callbacks}), _CONTEXT)


def opened(sealed: bytes, box: Box) -> Sender:
    """What `sealed` made; raises VaultError for anything else."""
    told = orjson.loads(box.open(sealed, _CONTEXT))
    return Sender(told["id"], tuple(told["callbacks"]))
