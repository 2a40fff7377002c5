"""What a process does again and again beside working on requests."""

from __future__ import annotations

from pathlib import Path

from avgate_gateway import checkpointing, listing, rewrapping
from avgate_gateway.checkpointing import Checkpointer
from avgate_gateway.courier import Courier
from avgate_gateway.flow.context import Context
from avgate_gateway.rounds import Rounds

_REFRESH_LISTS_SECONDS = 6 * 3600.0


def keep_up(
    rounds: Rounds,
    context: Context,
    checkpointer: Checkpointer,
    courier: Courier,
    file: Path | None,
) -> None:
    """Adds it to the rounds; `file` is an encrypted SQLite file."""
    rounds.every(
        _REFRESH_LISTS_SECONDS,
        "lists",
        "The look at lists of subprocessors",
        lambda: listing.refresh(context),
    )
    rounds.every(
        checkpointing.EVERY_SECONDS,
        "checkpoints",
        "The signing of evidence",
        checkpointer.try_to_sign,
        begins_at_once=False,
    )
    rounds.every(
        courier.looks_every_seconds, "handovers", "The handing over of copies", courier.look
    )
    rounds.every(
        rewrapping.LOOKS_EVERY_SECONDS,
        "keys",
        "The look for a new master key",
        lambda: rewrapping.try_to_look(context.database, context.vault.ring, file),
        longest=3600,
    )
