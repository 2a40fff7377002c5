"""What a data subject's rights come to in the upstream: whose an item is, and how it goes."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, TypeAlias

import avgate_contracts as sdk
from avgate_contracts import Category, Completed, Effect, ItemOutcome, ItemRef, Record, Refused
from avgate_operator import address, client, models
from avgate_operator.client import INDIVIDUALS, SERVICES, USAGES
from avgate_operator.correction import NO_FIELD, corrected, obstacle, shows, stands
from avgate_operator.held import Ref, contact, parts, usage_record, wholes
from avgate_operator.lines import Lines, are_anothers
from avgate_operator.models import Individual, Service, Usage
from avgate_operator.owner import Owner, is_of, the_one, versions
from avgate_operator.refusals import refusal
from avgate_operator.turns import in_turn, worst

_Outcomes: TypeAlias = Mapping[Ref, sdk.Outcome]
# The kinds of items in the order in which they can go, a service before its individual and what is
# in a resource before that: where they stand, and which characteristic they are.
_KINDS: Mapping[str, tuple[client.Shelf[Any], str]] = {
    "reach": (SERVICES, models.REACH),
    "contact": (SERVICES, models.CONTACTS),
    "crm": (SERVICES, models.CRM),
    "usage": (USAGES, ""),
    "product": (SERVICES, ""),
    "bank_account": (INDIVIDUALS, models.BANK_ACCOUNT),
    "individual": (INDIVIDUALS, ""),
}
_HOLDS = frozenset(Category) - {Category.DIRECTORY_LISTING, Category.PROCESSOR_DATA}
_NOT_DONE = sdk.Failed("not_as_written", "the upstream took the change and shows another value")
_DENIED = sdk.Failed("contradiction", "the upstream shows it, and says that it is not there")
_LOST = sdk.Unknown("the answer was lost, and reading back does not show the change")
_ANOTHERS = Refused("ambiguous", "another customer has this e-mail address: find out whose it is")
_HANDED_ON = Refused("changed_meanwhile", "another customer has it by now: find out what is whose")
_NO_ADDRESS = sdk.Failed("no_address", "its id cannot stand in an address: do it there by hand")
_TOLD = (sdk.RefusedError, sdk.OutcomeUnknownError, sdk.InvalidIdentifierError)
_ERASED, _GONE = Completed(Effect.ERASED), Completed(Effect.ALREADY_GONE)


class OperatorConnector(
    sdk.Connector, sdk.SupportsAccess, sdk.SupportsExport, sdk.SupportsRectify, sdk.SupportsErase
):
    """Finds the one party that all identifiers fit, and what the upstream keeps of it."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="operator",
        title="Operator",
        processor="Provider of the core network",
        finds_by=client.FINDS_BY,
        holds=_HOLDS,
        erases=dict.fromkeys(_HOLDS, sdk.ErasureWay.DELETE),
        limits=client.LIMITS,
        after_service=models.PRODUCTS,
    )
    settings_type: ClassVar[type[client.OperatorSettings]] = client.OperatorSettings

    def __init__(self, settings: client.OperatorSettings, http: sdk.HttpClient) -> None:  # noqa: ARG002 -- the client was opened with the settings
        self._client = client.OperatorClient(http)

    async def check(self) -> None:
        await self._client.answers(INDIVIDUALS)

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        """In the order in which items can go, for they are erased in the order they are found.

        But who somebody is comes first where a number led to them: the gateway then looks anew by
        what it says, and spares the rest of a look of which nothing stays.
        """
        lines = Lines(self._client)
        parties = {p for known in subject.identifiers for p in await lines.parties(known)}
        found = [await self._client.owner(party) for party in sorted(parties)]
        owner = the_one(subject, [await lines.told_apart(one) for one in found])
        if owner is None:
            for part in address.unseen(subject):
                yield part
            return
        is_new = not any(known.lasts for known in subject.identifiers)
        for record in (*(contact(owner) if is_new else ()), *parts(owner)):
            yield record
        theirs = owner.whenever
        async for usage in self._client.rows(USAGES, {"relatedParty.id": owner.id}):
            if owner.id not in usage.parties:
                yield self._usage(usage, owner.id, ())  # nobody's, until a person has looked
            elif subject.known_by(theirs, on=sdk.local_day(usage.ended_at)):
                yield self._usage(usage, owner.id, theirs)
        for record in (*wholes(owner), *(() if is_new else contact(owner))):
            yield record

    def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        """The same as access, which brings the sound along."""
        return self.access(subject)

    def _usage(self, usage: Usage, party: str, theirs: tuple[sdk.Identifier, ...]) -> Record:
        record = usage_record(usage, party, theirs)
        opened, media = partial(self._client.sound, usage.id), usage.media_type
        files = () if media is None else (sdk.Attachment(f"{usage.sort[0]}.wav", media, opened),)
        return replace(record, occurred_at=usage.ended_at, attachments=files)

    async def rectify(self, items: Sequence[sdk.ItemChange], *, key: str) -> Sequence[ItemOutcome]:
        """Writes where the old value still stands, and reads back what came of it."""
        changes = {_ref(change.item): change for change in items}

        async def change(group: Sequence[Ref]) -> _Outcomes:
            return {ref: await self._rectify(ref, changes[ref], key) for ref in group}

        return await _outcomes(list(changes), change)

    async def _rectify(self, ref: Ref, asked: sdk.ItemChange, key: str) -> sdk.Outcome:
        told = asked.changes
        if _KINDS[ref.kind][0] is not INDIVIDUALS:
            return NO_FIELD
        person = await self._client.present(INDIVIDUALS, ref.id)
        if person is None:
            return sdk.NothingHeld()
        is_theirs = is_of(person, asked.item.version)
        if reason := obstacle(person, told) if is_theirs else _HANDED_ON:
            return reason
        if not (due := [change for change in told if stands(person, change)]):
            return Completed(Effect.ALREADY_RIGHT)
        if await are_anothers(self._client, ref.id, due):
            return _ANOTHERS
        return await self._write(ref, person, due, key)

    async def _write(
        self, ref: Ref, person: Individual, due: Sequence[sdk.FieldChange], key: str
    ) -> sdk.Outcome:
        patch, own_key = corrected(person, due), f"{key}/{ref.kind}/{sorted(c.name for c in due)}"
        done = await self._client.patch(INDIVIDUALS, ref.id, patch, own_key)
        after = await self._client.present(INDIVIDUALS, ref.id)
        if after and all(shows(after, change) and not stands(after, change) for change in due):
            return Completed(Effect.RECTIFIED)
        return _NOT_DONE if done else _LOST

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
        """In the order in which they can go; what is in one resource goes with one patch."""
        versions = {_ref(item): item.version for item in items}

        async def erase(group: Sequence[Ref]) -> _Outcomes:
            shelf, name = _KINDS[group[0].kind]
            if name:
                return await self._take_out(shelf, name, {r: versions[r] for r in group}, key)
            return {ref: await self._delete(shelf, ref, versions[ref], key) for ref in group}

        return await _outcomes([_ref(item) for item in items], erase)

    async def _take_out(
        self, shelf: client.Shelf[Any], name: str, group: Mapping[Ref, str | None], key: str
    ) -> _Outcomes:
        found = await self._client.present(shelf, next(iter(group)).id)
        if found is not None and not all(is_of(found, known) for known in group.values()):
            return dict.fromkeys(group, _HANDED_ON)
        held = [ref for ref in group if found and found.holds(name, ref.mark)]
        outcomes: dict[Ref, sdk.Outcome] = dict.fromkeys(group, _GONE)
        if found is None or not held:
            return outcomes
        patch = found.without(name, {ref.mark for ref in held if ref.mark})
        done = await self._client.patch(shelf, found.id, patch, f"{key}/{name}")
        after = await self._client.present(shelf, found.id)
        for ref in held:
            stays = after is not None and after.holds(name, ref.mark)
            outcomes[ref] = (_NOT_DONE if done else _LOST) if stays else _ERASED
        return outcomes

    async def _delete(
        self, shelf: client.Shelf[Any], ref: Ref, known: str | None, key: str
    ) -> sdk.Outcome:
        if (
            known is not None and shelf is not USAGES
        ):  # calls are many, and looked at when they are due
            there = await self._client.one(shelf, ref.id)
            if there is not None and not is_of(there, known):
                return _HANDED_ON
        status, code, after_unknown = await self._client.delete(shelf, ref.id, key)
        if status == 204:
            return _ERASED
        found = await self._client.present(shelf, ref.id)
        if found is None:
            return _ERASED if status == 404 and after_unknown else _GONE
        if status == 404:
            return _DENIED
        of = await self._client.owner(found.id) if isinstance(found, Individual) else found
        return refusal(code, of)

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        """Those that are there, with their terms as they are now; asked while some are answered."""
        by_ref = {_ref(item): item for item in items}
        held, left = dict[Ref, ItemRef](), list(by_ref)

        async def look(group: Sequence[Ref]) -> Mapping[Ref, ItemRef]:
            shelf, _ = _KINDS[group[0].kind]
            try:
                found = await self._client.one(shelf, group[0].id)
            except sdk.InvalidIdentifierError:  # nobody can ask for it, nor have it erased
                return {ref: by_ref[ref] for ref in group}
            if found is None:
                return {}
            of = await self._client.owner(found.id) if shelf is INDIVIDUALS else found
            there = [ref for ref in group if found.holds(_KINDS[ref.kind][1], ref.mark)]
            return {ref: _as_now(by_ref[ref], of) for ref in there}

        async def answers(shelves: Sequence[client.Shelf[Any]]) -> Mapping[client.Shelf[Any], None]:
            for shelf in shelves:
                await self._client.answers(shelf)
            return dict.fromkeys(shelves)

        while left:
            found, failed = await in_turn([_resources(left)], look)
            if len(failed) == len(left):
                raise worst(failed.values())
            held, left = held | found, list(failed)
        shelves = {_KINDS[ref.kind][0] for ref in by_ref.keys() - held.keys()}
        _, silent = await in_turn([[[shelf] for shelf in shelves]], answers)
        if silent:
            raise worst(silent.values())
        return [held[ref] for ref in by_ref if ref in held]


async def _outcomes(
    refs: Sequence[Ref], treat: Callable[[Sequence[Ref]], Awaitable[_Outcomes]]
) -> Sequence[ItemOutcome]:
    """One for each item; raises only where nothing at all was done, refused or lost.

    What was not sent is Unknown too once others were: looking settles it like what was lost.
    """
    outcomes, failed = await in_turn(_stages(refs), treat)
    told = [isinstance(e, _TOLD) for e in failed.values()]
    if failed and not outcomes and not any(told):
        raise worst(failed.values())
    outcomes |= {ref: _outcome(error) for ref, error in failed.items()}
    return [ItemOutcome(str(ref), outcomes[ref]) for ref in refs]


def _outcome(error: sdk.ConnectorError) -> sdk.Outcome:
    if isinstance(error, sdk.RefusedError):
        return Refused(f"status_{error.status}", "the upstream refuses, with this status")
    if isinstance(error, sdk.InvalidIdentifierError):
        return _NO_ADDRESS
    return sdk.Unknown(str(error))


def _stages(refs: Sequence[Ref]) -> Iterator[Sequence[Sequence[Ref]]]:
    """By kind, in the order of kinds, and then by resource."""
    by_kind = {kind: sorted(ref for ref in refs if ref.kind == kind) for kind in _KINDS}
    for of_kind in by_kind.values():
        yield [list(group) for _, group in groupby(of_kind, key=lambda ref: ref.id)]


def _resources(refs: Sequence[Ref]) -> Iterator[Sequence[Ref]]:
    """By resource, whatever of it is asked for: only erasing has an order."""

    def resource(ref: Ref) -> tuple[str, str]:
        return _KINDS[ref.kind][0].path, ref.id

    for _, group in groupby(sorted(refs, key=resource), key=resource):
        yield list(group)


def _as_now(item: ItemRef, of: Usage | Service | Owner) -> ItemRef:
    """With the terms of today; a contract that is no longer listed has left its end in the item.

    Of what is another customer's by now nobody knows when it ended for the one before.
    """
    found = of.individual if isinstance(of, Owner) else of
    if found is not None and not is_of(found, item.version):
        another = min(versions(found), default="")
        return replace(item, term_starts=None, service_runs=False, version=another)
    known = item.term_starts if isinstance(of, Owner) else None
    starts = max(filter(None, (of.ended_at, known)), default=None)
    return replace(item, term_starts=None if of.runs else starts, service_runs=of.runs)


def _ref(item: ItemRef) -> Ref:
    """An id may have slashes, and only a mark follows one."""
    kind, _, rest = item.ref.partition("/")
    if kind not in _KINDS:
        raise sdk.InvalidIdentifierError("a reference that this connector did not make")
    if _KINDS[kind][1] != models.CONTACTS:
        return Ref(kind, rest)
    resource, _, mark = rest.rpartition("/")
    return Ref(kind, resource, mark)
