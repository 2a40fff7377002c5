"""What a data subject's rights come to in Xelion: whose a card or a call is, and how it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

import avgate_contracts as sdk
from avgate_xelion.client import LIMITS, SUBJECTS, XelionClient, XelionSettings, paced
from avgate_xelion.communications import Communication, words
from avgate_xelion.correcting import Step, steps_left
from avgate_xelion.lines import identifier
from avgate_xelion.models import Addressable, Ref
from avgate_xelion.records import CALL, CARD, ERASES, contact, log, sound, unnamed
from avgate_xelion.writing import until_answered

_LOST = sdk.Unknown("the answer was lost, and reading back does not show the change")
_ANOTHERS = sdk.Refused(
    "changed_meanwhile", "it has another name or numbers since it was found: see whose card it is"
)
_NO_DELETE = sdk.Unsupported(
    "no_delete",
    "Xelion documents no call that deletes a voicemail or a recording: "
    "remove it in the management environment",
)


class XelionConnector(
    sdk.Connector, sdk.SupportsAccess, sdk.SupportsExport, sdk.SupportsRectify, sdk.SupportsErase
):
    """Finds people by what is on their card, and calls by the card or bare number they lead to."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="xelion",
        title="Xelion",
        processor="Xelion B.V.",
        finds_by=frozenset(sdk.IdentifierKind(kind) for kind in ("phone", "email", "xelion_id")),
        holds=frozenset(ERASES),
        erases=ERASES,
        limits=LIMITS,
        leads=frozenset({CARD}),
        relists=True,  # a second program that keeps contacts in step may make a card anew
    )
    settings_type: ClassVar[type[XelionSettings]] = XelionSettings

    def __init__(self, settings: XelionSettings, http: sdk.HttpClient) -> None:  # noqa: ARG002 -- the client was opened with them
        self._client = XelionClient(http)

    async def check(self) -> None:
        await self._client.check()

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        """Communications before the cards and bare numbers that lead to them."""
        cards = _narrowed(subject, await self._matches(subject))
        theirs, done = frozenset(card.oid for card in cards), set[str]()
        for card in cards:
            async for record in self._communications(subject, card, theirs, done):
                yield record
        for card in cards:
            whole = await self._client.listed_addressable(card.oid)
            if card.telecom_addresses and not whole.says_how_to_reach:
                raise sdk.ContractBrokenError("a card has no numbers, and had some in the list")
            if whole.borne(subject.identifiers, in_their_days=True):
                yield contact(whole)

    def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        """The same as access, which brings the sound along."""
        return self.access(subject)

    async def _matches(self, subject: sdk.DataSubject) -> list[Addressable]:
        """Every card and bare number with one of the subject's identifiers on it."""
        named = subject.of_kind(sdk.IdentifierKind.XELION_ID)
        cards = [await self._client.addressable(by.value) for by in named]
        found = {card.oid: card for card in cards if card is not None}
        if any(i.kind in ("phone", "email") for i in subject.identifiers):
            found |= {c.oid: c async for c in self._reachable() if c.borne(subject.identifiers)}
        return [card for card in found.values() if card.object_type in SUBJECTS]

    async def _reachable(self) -> AsyncIterator[Addressable]:
        """Every card; raises ContractBrokenError where not a single one says how it is reached."""
        told: bool | None = None
        async for card in self._client.addressables():
            told = told or card.says_how_to_reach
            yield card
        if told is False:
            raise sdk.ContractBrokenError("no contact in the list says how it is reached")

    async def _communications(
        self, subject: sdk.DataSubject, card: Addressable, theirs: frozenset[str], done: set[str]
    ) -> AsyncIterator[sdk.Finding]:
        """Those of days on which the card or number was the subject's, each only once."""
        known = card.identifiers()
        read = partial(self._of_call, subject, card, theirs)
        async for rows in self._client.communications(card.oid):
            days = {row.oid: sdk.local_day(row.date) for row in rows if row.oid not in done}
            new = [oid for oid, day in days.items() if subject.known_by(known, on=day)]
            done.update(new)  # the rest may be theirs by another of their cards and numbers
            found = await paced(new, read)
            if found and not any(records is not None for records in found):
                raise sdk.ContractBrokenError("what was listed of a card has nothing to do with it")
            for records in found:
                for record in records or ():
                    yield record

    async def _of_call(
        self, subject: sdk.DataSubject, card: Addressable, theirs: frozenset[str], oid: str
    ) -> list[sdk.Finding] | None:
        """What there is of a call; None where it has nothing to do with them at all."""
        call = await self._client.listed_communication(oid)
        if not (call.ends(theirs) or call.belongs_to(theirs)):
            return None
        if not _in_time(subject, theirs, call):
            return []
        found = log(card, theirs, call, self._client.file)
        told: list[sdk.Finding] = [found]
        if call.may_have_sound and await self._client.has_sound(oid):
            told.append(sound(found, call, self._client.sound))
        return [*told, *unnamed(call)]

    async def rectify(
        self, items: Sequence[sdk.ItemChange], *, key: str
    ) -> Sequence[sdk.ItemOutcome]:
        """Writes where the old value still stands, and reads back what came of it.

        A value that Windows-1252 cannot hold is not written at all: it would come out as another
        name, and show on every colleague's screen at once.
        """
        outcomes = await paced(items, partial(self._rectified, key))
        pairs = zip(items, outcomes, strict=True)
        return [sdk.ItemOutcome(change.item.ref, outcome) for change, outcome in pairs]

    async def _rectified(self, key: str, change: sdk.ItemChange) -> sdk.Outcome:
        ref = Ref.read(change.item.ref)
        if ref.kind is not CARD:
            return sdk.Unsupported("not_rectifiable", "only a contact's card can be changed")
        card = await self._client.addressable(ref.oid)
        if card is None:
            return sdk.NothingHeld()
        steps = steps_left(card, change.changes)
        if not isinstance(steps, list):
            return steps
        try:
            return await until_answered(partial(self._put, ref.oid, steps, change.changes, key))
        except sdk.RefusedError as error:
            return _refused(error)

    async def _put(
        self, oid: str, steps: Sequence[Step], changes: Sequence[sdk.FieldChange], key: str
    ) -> sdk.Outcome:
        if not steps:
            return sdk.Completed(sdk.Effect.ALREADY_RIGHT)
        answered = await self._client.replace(oid, {old.path: new for old, new in steps}, key)
        card = await self._client.addressable(oid)
        places = [] if card is None else [p for name in sdk.Field for p in card.places(name)]
        now = {place.path: place.text for place in places}
        is_written = all(now.get(old.path) == new for old, new in steps)
        if card is not None and is_written and steps_left(card, changes) == []:
            return sdk.Completed(sdk.Effect.RECTIFIED)
        if not answered and all(now.get(old.path) == old.text for old, _ in steps):
            return _LOST
        return sdk.Failed("altered_by_upstream", "another value stands there now; look at the card")

    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        """Calls before the cards they lead to."""
        calls = [item for item in items if item.category is not CARD]
        cards = [item for item in items if item.category is CARD]
        erase = partial(self._erased, key)
        outcomes = [*await paced(calls, erase), *await paced(cards, erase)]
        by_ref = {i.ref: each for i, each in zip((*calls, *cards), outcomes, strict=True)}
        return [sdk.ItemOutcome(item.ref, by_ref[item.ref]) for item in items]

    async def _erased(self, key: str, item: sdk.ItemRef) -> sdk.Outcome:
        ref = Ref.read(item.ref)
        try:
            if ref.kind is CARD:
                return await self._removed(ref.oid, item.version, key)
            if ref.kind is CALL:
                return await until_answered(partial(self._anonymised, ref, key, set()))
        except sdk.RefusedError as error:
            return _refused(error)
        there = await self._client.has_sound(ref.oid)
        return _NO_DELETE if there else sdk.Completed(sdk.Effect.ALREADY_GONE)

    async def _removed(self, oid: str, version: str | None, key: str) -> sdk.Outcome:
        card = await self._client.addressable(oid)
        if card is None:
            return sdk.Completed(sdk.Effect.ALREADY_GONE)
        if version is not None and card.mark != version:
            return _ANOTHERS
        removed = await self._client.remove_addressable(oid, key)
        if await self._client.addressable(oid) is None:
            # It was there when it was located: not finding it now says that it went since.
            ours = removed is not False
            return sdk.Completed(sdk.Effect.ERASED if ours else sdk.Effect.ALREADY_GONE)
        if removed is None:
            return _LOST
        return sdk.Failed("not_deleted", "it can still be read; look at it in Xelion")

    async def _anonymised(self, ref: Ref, key: str, traces: set[str]) -> sdk.Outcome:
        """`traces`: what named them before the first try; later ones read a call without its ends."""
        call = await self._client.communication(ref.oid)
        if call is None or not (_shows(call, ref) or call.has_text or call.mentions(traces)):
            return sdk.Completed(sdk.Effect.ALREADY_GONE)
        ends = call.ends(ref.addressables, ref.ends)
        others = [each for each in call.participants if each not in ends]
        traces |= words(ends) - words(others)
        files = [file.oid for file in call.attachments]
        left: list[sdk.Json] = [each.sent() for each in others]
        answered = await self._client.strip(ref.oid, left, files, key)
        after = await self._client.communication(ref.oid)
        if after is None or not (_shows(after, ref) or after.mentions(traces)):
            return sdk.Completed(sdk.Effect.ANONYMISED)
        if not answered and (after.has_text or after.ends(ref.addressables, ref.ends)):
            return _LOST
        return sdk.Failed("identity_left", "the call still shows whose it is; look at it in Xelion")

    async def still_held(self, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        held = await paced(items, self._as_now)
        return [item for item in held if item is not None]

    async def _as_now(self, item: sdk.ItemRef) -> sdk.ItemRef | None:
        """Whether it is there, and of a card also whose it is."""
        ref = Ref.read(item.ref)
        if ref.kind is CARD:
            card = await self._client.addressable(ref.oid)
            if card is None or item.version is None:
                return item if card else None
            return replace(item, version=card.mark)
        if ref.kind is CALL:
            call = await self._client.communication(ref.oid)
            return item if call is not None and _shows(call, ref) else None
        return item if await self._client.has_sound(ref.oid) else None


def _narrowed(subject: sdk.DataSubject, cards: Sequence[Addressable]) -> list[Addressable]:
    """One person's card, or those that were named by OID, with the bare numbers.

    Another card that bears only a part of that is a colleague's or a housemate's. Raises
    AmbiguousSubjectError where no card bears all that any card bears.
    """
    borne = {c.oid: c.borne(subject.identifiers, in_their_days=True) for c in cards if c.is_person}
    found = {oid: by for oid, by in borne.items() if by}
    named = [oid for oid in found if oid in {i.value for i in found[oid] if i.kind == "xelion_id"}]
    best = named or [oid for oid in found if all(found[oid] >= by for by in found.values())]
    together = {mine for oid in best for mine in found[oid]}
    single = bool(named) or len(best) == 1
    if found and not (single and all(by <= together for by in found.values())):
        raise sdk.AmbiguousSubjectError(
            "more than one contact in Xelion fits; add the xelion_id of the right one"
        )
    return [card for card in cards if card.oid in best or not card.is_person]


def _in_time(subject: sdk.DataSubject, theirs: frozenset[str], call: Communication) -> bool:
    """Not by a number that was somebody else's on that day."""
    ends = call.ends(theirs)
    used = [found for each in ends if (found := identifier(each.address)) is not None]
    mine = [each for each in subject.identifiers if any(each.matches(other) for other in used)]
    return not mine or any(each.covers(sdk.local_day(call.date)) for each in mine)


def _shows(call: Communication, ref: Ref) -> bool:
    leads = bool(call.ends(ref.addressables, ref.ends)) or call.belongs_to(ref.addressables)
    return leads or call.has_files


def _refused(error: sdk.RefusedError) -> sdk.Refused:
    """403/10101 is the one refusal documented for lack of a right to write or delete."""
    if error.status == 403:
        return sdk.Refused("no_permission", "the API user lacks the right; give it, or do by hand")
    return sdk.Refused("refused", "Xelion refused the change; look at the object there")
