"""What is asked of the processors behind the service, and what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import ClassVar, TypeVar
from uuid import UUID

import avgate_contracts as sdk
from avgate_subprocessors.client import Clock, OpenDsrClient
from avgate_subprocessors.lists import ListClient
from avgate_subprocessors.models import (
    Named,
    OpenDsrSettings,
    ProcessorSettings,
    Receipt,
    RequestType,
    Result,
    SubprocessorsSettings,
)
from avgate_subprocessors.reference import (
    BY_HAND,
    IDENTITY_TYPES,
    Target,
    by_target,
    item_of,
    parts_of,
    ref_of,
)
from avgate_subprocessors.trust import BadSignatureError
from avgate_subprocessors.whose import refuse_anothers

T = TypeVar("T")

_log = logging.getLogger("avgate.subprocessors")
_SOONEST, _LATEST = timedelta(seconds=1), timedelta(days=1)


class SubprocessorsConnector(
    sdk.Connector,
    sdk.SupportsAccess,
    sdk.SupportsExport,
    sdk.SupportsErase,
    sdk.SupportsCallback,
    sdk.SupportsConfirm,
    sdk.SupportsRecipients,
    sdk.SupportsRegister,
):
    """Passes requests on to processors that speak OpenDSR, and reads the lists they publish.

    A processor without an interface, or one that knows people by nothing that is known of this one,
    was not looked into: it is named as unseen. Without an interface it is an item too, so that its
    erasure becomes a task.
    """

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="subprocessors",
        title="Subprocessors",
        processor="Processors behind the service",
        finds_by=frozenset(IDENTITY_TYPES),
        holds=frozenset({sdk.Category.PROCESSOR_DATA}),
        erases={sdk.Category.PROCESSOR_DATA: sdk.ErasureWay.FORWARD},
    )
    settings_type: ClassVar[type[SubprocessorsSettings]] = SubprocessorsSettings

    def __init__(
        self,
        settings: SubprocessorsSettings,
        http: sdk.HttpClient,
        *,
        clock: Clock | None = None,
        new_id: Callable[[], UUID] | None = None,
    ) -> None:
        self._clock = clock or Clock(http.now, http.sleep)
        self._settings = settings
        self._titles = {one.name: one.title for one in settings.processors}
        self._lists = ListClient(http)
        self._clients: Mapping[str, OpenDsrClient] = {
            one.name: OpenDsrClient(http, one, self._clock, new_id or http.new_id)
            for one in settings.processors
            if isinstance(one, OpenDsrSettings)
        }

    async def check(self) -> None:
        """Asks every processor for a request that cannot exist, and reads every list."""
        for client in self._clients.values():
            await client.check()
        for source in self._settings.lists:
            await self._lists.fetch(source, None)

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        for finding in await self._findings(subject, ("access",)):
            yield finding

    async def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        for finding in await self._findings(subject, ("portability", "access")):
            yield finding

    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        """One erasure request for each processor and what the items are filed under there."""
        return await self._erase_all(items, key, None)

    async def erase_and_call_back(
        self, items: Sequence[sdk.ItemRef], *, key: str, callback_url: str
    ) -> Sequence[sdk.ItemOutcome]:
        """The same requests as `erase` makes with this key, each with the address to call.

        OpenDSR has a processor call on every change of state, not only when it is done.
        """
        return await self._erase_all(items, key, callback_url)

    async def confirm(self, job: str, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemOutcome]:
        outcome = await self._confirm(job)
        return [sdk.ItemOutcome(item.ref, outcome) for item in items]

    async def still_held(self, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        """Asks for access anew: that a request was completed does not show that anything is gone.

        Nobody can look where a processor has to be asked by hand, so such an item is not counted as
        held: a person's word is all there is.
        """
        groups = by_target(items)
        held = await _all(self._held(target, group) for target, group in groups.items())
        return [item for group in held for item in group]

    def recipient(self, item: sdk.ItemRef) -> str:
        name = parts_of(item.ref)[0].processor
        return self._titles.get(name, name)

    async def published(self, known: Mapping[str, str]) -> Sequence[sdk.PublishedList]:
        """The lists that changed; one that cannot be read keeps no other from being read.

        Raises its ConnectorError where none could be read.
        """
        found: list[sdk.PublishedList | None] = []
        faults: list[sdk.ConnectorError] = []
        for source in self._settings.lists:
            try:
                found.append(await self._lists.fetch(source, known.get(source.provider)))
            except sdk.ConnectorError as error:
                about = {"provider": source.provider, "reason": str(error)}
                _log.warning("list.unreadable", extra=about)
                faults.append(error)
        if faults and not found:
            raise faults[0]
        return [fetched for fetched in found if fetched is not None]

    async def _findings(
        self, subject: sdk.DataSubject, kinds: Sequence[RequestType]
    ) -> Sequence[sdk.Finding]:
        named = _named(subject, sdk.local_day(self._clock.now()))
        asked = (self._ask(one, named, kinds) for one in self._settings.processors)
        findings = [finding for found in await _all(asked) for finding in found]
        refuse_anothers(findings, subject)
        return findings

    async def _ask(
        self, processor: ProcessorSettings, named: Sequence[Named], kinds: Sequence[RequestType]
    ) -> Sequence[sdk.Finding]:
        client = self._clients.get(processor.name)
        if client is None:
            return [_by_hand(processor)]
        for kind in kinds:
            if taken := await client.takes(kind, named):
                target = Target(processor.name, taken)
                results = await client.ask(kind, taken, self._settings.patience)
                return [_record(target, result, processor) for result in results]
        return [await _not_asked(processor, client, kinds)]

    async def _erase_all(
        self, items: Sequence[sdk.ItemRef], key: str, callback_url: str | None
    ) -> Sequence[sdk.ItemOutcome]:
        groups = by_target(items)
        outcomes = await _all(self._erase(target, key, callback_url) for target in groups)
        return [
            sdk.ItemOutcome(item.ref, outcome)
            for group, outcome in zip(groups.values(), outcomes, strict=True)
            for item in group
        ]

    async def _erase(self, target: Target, key: str, callback_url: str | None) -> sdk.Outcome:
        client = self._clients.get(target.processor)
        if client is None or not target.named:
            code = "no_interface" if client is None else "no_identifier"
            return sdk.Unsupported(
                code, f"Ask {self._titles.get(target.processor, target.processor)} by hand."
            )
        try:
            taken = await client.takes("erasure", target.named)
            if not taken:
                return sdk.Unsupported("no_erasure", "The processor takes no requests for erasure.")
            receipt = await client.erase(f"{key}/{target.processor}", taken, callback_url)
        except BadSignatureError as error:
            return sdk.Failed("bad_signature", f"Ask the processor whether it was asked: {error}.")
        except sdk.RefusedError as error:
            return sdk.Refused("refused", f"{error}.")
        except (sdk.ContractBrokenError, sdk.OutcomeUnknownError) as error:
            return sdk.Unknown(f"{error}.")
        return self._pending(target.processor, receipt)

    async def _confirm(self, job: str) -> sdk.Outcome:
        processor, _, request_id = job.partition(":")
        client = self._clients.get(processor)
        if client is None:
            return sdk.Failed("unknown_processor", "The processor is no longer in the settings.")
        try:
            status = await client.status(request_id)
        except BadSignatureError as error:
            return sdk.Failed("bad_signature", f"Ask the processor what became of it: {error}.")
        except sdk.NotFoundError:
            await client.check()  # raises where it is the address that is wrong
            return sdk.Failed(
                "unknown_request", "The processor does not know the request any more."
            )
        if status.request_status == "cancelled":
            return sdk.Refused("cancelled", "The processor cancelled the request.")
        if status.request_status == "completed":
            gone = status.results_count == 0
            return sdk.Completed(sdk.Effect.ALREADY_GONE if gone else sdk.Effect.ERASED)
        return self._pending(processor, status)

    def _pending(self, processor: str, receipt: Receipt) -> sdk.Pending:
        now = self._clock.now()
        expected = max(receipt.expected_completion_time or now, now + _SOONEST)
        job = f"{processor}:{receipt.subject_request_id}"
        return sdk.Pending(job, min(expected, now + _LATEST))

    async def _held(self, target: Target, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        client = self._clients.get(target.processor)
        if not target.named:
            return []
        if client is None:
            raise sdk.MisconfiguredError(
                "a processor that showed something has no interface in the settings any more: put it "
                "back, or ask there by hand whether it is still held"
            )
        taken = await client.takes("access", target.named)
        if not taken:
            raise sdk.ContractBrokenError(
                "the processor shows no more what it showed: ask it by hand"
            )
        refs = [item.ref for item in items]
        results = await client.ask("access", taken, self._settings.patience, refs)
        ids = {result.id for result in results}
        return [item for item in items if parts_of(item.ref)[1] in ids]


async def _all(calls: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """All at once; what one of them raises is raised when all have ended."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in ended if not isinstance(outcome, BaseException)]


def _named(subject: sdk.DataSubject, today: date) -> tuple[Named, ...]:
    """What a processor may be asked by: an address or a number only while it is the subject's.

    OpenDSR knows no dates, so whoever has it next would be found instead.
    """
    return tuple(
        (IDENTITY_TYPES[one.kind], one.value)
        for one in subject.identifiers
        if one.kind in IDENTITY_TYPES
        and (one.kind == sdk.IdentifierKind.CUSTOMER_ID or one.covers(today))
    )


def _record(target: Target, result: Result, processor: ProcessorSettings) -> sdk.Record:
    identifiers = tuple(result.identifiers())
    data: dict[str, sdk.Json] = {
        "processor": target.processor,
        "kind": result.kind,
        "held": result.data,
    }
    item = item_of(ref_of(target, result.id, identifiers), processor)
    return sdk.Record(item, identifiers, data)


async def _not_asked(
    processor: ProcessorSettings, client: OpenDsrClient, kinds: Sequence[RequestType]
) -> sdk.Unseen:
    """What stands for a processor that could not be asked by what is known of the subject."""
    needs = {kind for each in kinds for kind in await client.finds_by(each)}
    if not needs:
        return _by_hand(processor)  # nothing that anybody can give makes it answer
    return sdk.Unseen(processor.title, sdk.WhyUnseen.OTHER_IDENTIFIER, frozenset(needs))


def _by_hand(processor: ProcessorSettings) -> sdk.Unseen:
    """What stands for a processor that nobody but a person can ask."""
    item = item_of(f"{BY_HAND}{processor.name}", processor, sdk.ErasureWay.BY_HAND)
    return sdk.Unseen(processor.title, sdk.WhyUnseen.NO_INTERFACE, item=item)
