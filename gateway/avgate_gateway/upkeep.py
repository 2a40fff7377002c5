"""What a process does again and again beside working on requests."""

from __future__ import annotations

from pathlib import Path

from avgate_gateway import checkpointing, listing, rewrapping
from avgate_gateway.checkpointing import Checkpointer
from avgate_gateway.courier import Courier
from avgate_gateway.flow import other_terms
from avgate_gateway.flow.context import Context
from avgate_gateway.refusals import WINDOW_SECONDS, Refusals
from avgate_gateway.rounds import Rounds
from avgate_gateway.store import evidence
from avgate_gateway.store.cut_short import CutShortError

_REFRESH_LISTS_SECONDS = 6 * 3600.0
# They change with a start; and a process of before may write after it.
_COMPARE_TERMS_SECONDS = 24 * 3600.0
_COMPARES_FOR_HOURS = 6 * 3600.0


def keep_up(
    rounds: Rounds,
    context: Context,
    checkpointer: Checkpointer,
    courier: Courier,
    file: Path | None,
    refusals: Refusals,
) -> None:
    """Adds it to the rounds; `file` is an encrypted SQLite file."""
    rounds.every(
        WINDOW_SECONDS,
        "refusals",
        "The writing down of who was refused",
        lambda: write_down(context, refusals),
        begins_at_once=False,
    )
    rounds.every(
        _REFRESH_LISTS_SECONDS,
        "lists",
        "The look at lists of subprocessors",
        lambda: listing.refresh(context),
    )
    rounds.every(
        _COMPARE_TERMS_SECONDS,
        "terms",
        "The look for what is kept by terms that have changed",
        lambda: other_terms.look_for(context),
        longest=_COMPARES_FOR_HOURS,
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


async def write_down(context: Context, refusals: Refusals) -> None:
    """Makes evidence of the calls that were refused in the last minute: summed, for anybody can cause one.

    Raises AwayError, and leaves them to the next minute.
    """
    found = refusals.taken()
    if not found:
        return
    try:
        async with context.database.write() as db:
            for refused, count in sorted(found.items(), key=repr):
                told = {"reason": refused.reason, "client": refused.client, "count": count}
                whose = refused.controller or evidence.WHOLE_GATEWAY
                await evidence.append(db, context.now(), whose, None, "access.refused", told)
    except CutShortError:
        refusals.put_back(found)
        raise
