"""What a correction of a card comes to: which of its values are to be written anew, and with what."""

from __future__ import annotations

from collections.abc import Sequence

import avgate_contracts as sdk
from avgate_xelion.models import Addressable, Place

_ALTERED = sdk.Refused("altered_by_upstream", "it stores Windows-1252, which lacks a letter of it")
_SEVERAL = sdk.Refused("several", "more than one address holds the old value: correct it there")
Step = tuple[Place, str]  # a value, and what is to stand there instead


def steps_left(card: Addressable, changes: Sequence[sdk.FieldChange]) -> list[Step] | sdk.Outcome:
    """What is left to write; an outcome where that cannot be done."""
    steps: list[Step] = []
    for change in changes:
        places = card.places(change.name)
        if not places:
            return sdk.Unsupported("no_such_field", "the card has no place for it: add one there")
        new = [place for place in places if place.says(change.after)]
        old = [place for place in places if place.says(change.before) and place not in new]
        if not (old or new):
            return sdk.Refused("changed_meanwhile", "another value stands there now; look again")
        if change.name.startswith("address.") and len(old) > 1:
            return _SEVERAL
        steps += [(place, change.after) for place in old]
    if any(new.encode("cp1252", "ignore").decode("cp1252") != new for _, new in steps):
        return _ALTERED
    return steps
