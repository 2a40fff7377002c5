"""What the upstream holds of somebody, item by item: cards, calls, sounds."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import PurePath

import avgate_contracts as sdk
from avgate_xelion.communications import Communication
from avgate_xelion.lines import identifier
from avgate_xelion.models import Addressable, Ref

CARD, CALL = sdk.Category.CONTACTS, sdk.Category.COMMUNICATION_METADATA
ERASES = {
    CARD: sdk.ErasureWay.DELETE,
    CALL: sdk.ErasureWay.ANONYMISE,
    sdk.Category.VOICEMAIL: sdk.ErasureWay.BY_HAND,
    sdk.Category.RECORDING: sdk.ErasureWay.BY_HAND,
}
_SOUND = ("oid", "date", "durationSec", "incoming", "callId", "voicemail")
_ANYTHING = "application/octet-stream"
Opening = Callable[[str], sdk.Stream]


def log(
    card: Addressable, theirs: frozenset[str], call: Communication, opened: Opening
) -> sdk.Record:
    ends = call.ends(theirs)
    used = [found for each in ends if (found := identifier(each.address)) is not None]
    return sdk.Record(
        item=_item(Ref(CALL, call.oid, theirs, frozenset(e.oid for e in ends)), call.date),
        identifiers=tuple(dict.fromkeys([*used, *card.identifiers()])),
        data=call.sent(),
        occurred_at=call.date,
        attachments=tuple(_files(call, opened)),
    )


def _files(call: Communication, opened: Opening) -> Iterator[sdk.Attachment]:
    """What was sent along; by what people called it may be somebody's name."""
    for nth, file in enumerate(call.attachments, 1):
        media, _ = mimetypes.guess_type(PurePath(file.common_name or "").name)
        ending = mimetypes.guess_extension(media) if media else None
        name = f"attachment-{nth}{ending or ''}"
        yield sdk.Attachment(name, media or _ANYTHING, partial(opened, file.oid))


def unnamed(call: Communication) -> Iterator[sdk.Unseen]:
    """Files that a message says that it has, and does not name: nobody can fetch those."""
    if call.has_attachment and not call.attachments:
        yield sdk.Unseen("Files of messages", sdk.WhyUnseen.NO_INTERFACE)


def sound(found: sdk.Record, call: Communication, opened: Opening) -> sdk.Record:
    """That of a call of which there is a record."""
    kind = sdk.Category.VOICEMAIL if call.voicemail else sdk.Category.RECORDING
    return sdk.Record(
        item=_item(Ref(kind, call.oid), call.date),
        identifiers=found.identifiers,
        data={name: found.data[name] for name in _SOUND if name in found.data},
        occurred_at=call.date,
        attachments=(sdk.Attachment(f"{kind}.mp3", "audio/x-mp3", partial(opened, call.oid)),),
    )


def contact(card: Addressable) -> sdk.Record:
    return sdk.Record(
        item=replace(_item(Ref(CARD, card.oid), None), version=card.mark),
        identifiers=card.identifiers(),
        data=card.sent(),
        fields=card.fields,
    )


def _item(ref: Ref, starts: datetime | None) -> sdk.ItemRef:
    way = ERASES[ref.kind]
    return sdk.ItemRef(str(ref), ref.kind, sdk.Product.XELION, term_starts=starts, erasure=way)
