"""How a write to one card ends: never better than what Acme confirmed."""

import avgate_contracts as sdk

from acme_avgate.client import Client
from acme_avgate.models import FIELDS

LOST = sdk.Unknown("the answer was lost")
NO = sdk.Refused("refused", "Acme says no: look at the card there")


async def rectified(client: Client, change: sdk.ItemChange, key: str) -> sdk.Outcome:
    """Changes what still shows the old value, and reads back what came of it."""
    card = await client.card(change.item.ref)
    if card is None:
        return sdk.NothingHeld()
    if any(one.name not in FIELDS for one in change.changes):
        return sdk.Unsupported("no_such_field", "it has to be changed there by hand")
    due = [one for one in change.changes if card.fields[one.name] != one.after]
    if not due:
        return sdk.Completed(sdk.Effect.ALREADY_RIGHT)
    if any(card.fields[one.name] != one.before for one in due):
        return sdk.Refused("changed_meanwhile", "the card shows another value by now")
    try:
        values: dict[str, sdk.Json] = {FIELDS[one.name]: one.after for one in due}
        await client.change(card.id, values, f"{key}/{card.id}")
    except sdk.RefusedError:
        return NO
    except sdk.OutcomeUnknownError:
        return LOST
    after = await client.card(card.id)
    if after is None or any(after.fields[one.name] != one.after for one in due):
        return sdk.Failed("not_as_written", "the change was taken and does not show")
    return sdk.Completed(sdk.Effect.RECTIFIED)


async def erased(client: Client, ref: str, key: str) -> sdk.Outcome:
    """Looks first, for a 404 on a first delete may also be a wrong id."""
    if await client.card(ref) is None:
        return sdk.Completed(sdk.Effect.ALREADY_GONE)
    try:
        await client.delete(ref, f"{key}/{ref}")
    except sdk.NotFoundError:
        return sdk.Completed(sdk.Effect.ALREADY_GONE)
    except sdk.RefusedError:
        return NO
    except sdk.OutcomeUnknownError:
        return LOST
    return sdk.Completed(sdk.Effect.ERASED)
