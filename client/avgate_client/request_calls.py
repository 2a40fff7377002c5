"""The calls below `/v1/requests`: to submit, to read, to decide, to follow, to take the result."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from datetime import date
from typing import Unpack
from uuid import uuid4

from avgate_client.answers import (
    Entry,
    EntryPage,
    Event,
    Plan,
    Report,
    Request,
    Until,
)
from avgate_client.asked import Change, DataSubject, Identity, Options, body
from avgate_client.errors import AvgateError, StillUnderWayError
from avgate_client.following import Following
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.paging import RequestPage, pages
from avgate_client.reading import read
from avgate_client.watching import ONE, is_there, watched
from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Operation

_ALL = "/v1/requests"


class RequestCalls:
    """Every call about requests; raises AvgateErrors."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def access(
        self, subject: DataSubject | None = None, /, *,
        recipient: str | None = None, **options: Unpack[Options],
    ) -> Request:  # fmt: skip
        """Asks for a copy (GDPR Art. 15); with an age public key, sealed for that recipient."""
        asked = body(Operation.ACCESS, subject, options, recipient=recipient)
        return await self.submit(asked, key=options.get("key"))

    async def rectify(
        self, subject: DataSubject | None = None, /, *,
        changes: Iterable[Change], **options: Unpack[Options],
    ) -> Request:  # fmt: skip
        """Asks for corrections (Art. 16)."""
        asked = body(Operation.RECTIFY, subject, options, changes=changes)
        return await self.submit(asked, key=options.get("key"))

    async def erase(
        self, subject: DataSubject | None = None, /, **options: Unpack[Options]
    ) -> Request:
        """Asks for erasure (Art. 17)."""
        return await self.submit(body(Operation.ERASE, subject, options), key=options.get("key"))

    async def export(
        self, subject: DataSubject | None = None, /, *,
        recipient: str | None = None, **options: Unpack[Options],
    ) -> Request:  # fmt: skip
        """Asks for the data to take along (Art. 20)."""
        asked = body(Operation.EXPORT, subject, options, recipient=recipient)
        return await self.submit(asked, key=options.get("key"))

    async def restrict(
        self, subject: DataSubject | None = None, /, **options: Unpack[Options]
    ) -> Request:
        """Asks for restriction (Art. 18): recorded, and answered with why it is not relevant."""
        return await self.submit(body(Operation.RESTRICT, subject, options), key=options.get("key"))

    async def object(
        self, subject: DataSubject | None = None, /, **options: Unpack[Options]
    ) -> Request:
        """Objects (Art. 21): recorded, and answered with why it is not relevant."""
        return await self.submit(body(Operation.OBJECT, subject, options), key=options.get("key"))

    async def submit(self, asked: Mapping[str, Json], *, key: str | None = None) -> Request:
        """Submits a body as the API describes it, under one key for all its tries.

        The error of a submission that may have arrived carries the key: repeated with it, it is
        recorded once.
        """
        outgoing = Outgoing("POST", _ALL, json=dict(asked), key=key or str(uuid4()))
        return await self._request(outgoing)

    async def get(self, request_id: str) -> Request:
        """A request as it stands."""
        return await self._request(Outgoing("GET", ONE, ids={"id": request_id}))

    async def requests(
        self, *,
        state: str | None = None, operation: str | None = None, connector: str | None = None,
        reference: str | None = None, due: date | None = None, page_size: int = 200,
    ) -> AsyncGenerator[Request, None]:  # fmt: skip
        """The controller's requests, newest first; `due`: those promised on or before this day."""
        wanted = {
            "state": state, "operation": operation, "connector": connector,
            "reference": reference, "due": due.isoformat() if due else None,
        }  # fmt: skip
        async with aclosing(pages(self._line, _ALL, RequestPage, wanted, page_size)) as found:
            async for page in found:
                for request in page.items:
                    yield request.followed_by(self)

    async def verify_identity(self, request_id: str, identity: Identity) -> Request:
        """Records that identity is verified."""
        return await self._decide(request_id, "identity", identity.to_json())

    async def approve(self, request_id: str, digest: str, *, reason: str | None = None) -> Request:
        """Approves exactly the plan with this digest; PlanChangedError where it is another by now."""
        return await self._judge(request_id, digest, "approve", reason)

    async def reject(self, request_id: str, digest: str, *, reason: str) -> Request:
        """Rejects exactly the plan with this digest, for a reason that the person reads (Art. 12(4))."""
        return await self._judge(request_id, digest, "reject", reason)

    async def cancel(self, request_id: str, *, reason: str | None = None) -> Request:
        """Ends a request of which nothing was carried out yet; the person reads the reason."""
        return await self._decide(request_id, "cancel", {"reason": reason} if reason else {})

    async def retry(self, request_id: str, *, connector: str | None = None) -> Request:
        """Tries again what is stuck or failed, at one connector or at all."""
        named: dict[str, Json] = {"connector": connector} if connector else {}
        return await self._decide(request_id, "retry", named)

    async def extend(self, request_id: str, reason: str) -> Request:
        """Takes two more months, for a reason that the person is told (Art. 12(3))."""
        return await self._decide(request_id, "extension", {"reason": reason})

    async def plan(self, request_id: str) -> Plan:
        """The preview; NotReadyError while there is none yet."""
        return read(await self._line.send(_below(request_id, "plan")), Plan)

    async def report(self, request_id: str) -> Report:
        """What became of each item."""
        return read(await self._line.send(_below(request_id, "report")), Report)

    async def evidence(self, request_id: str) -> tuple[Entry, ...]:
        """The links of the chain that concern a request."""
        return read(await self._line.send(_below(request_id, "evidence")), EntryPage).items

    async def proof(self, request_id: str) -> bytes:
        """What proves a request's evidence to an outsider, as `docs/verify_evidence.py` reads it.

        Raises NotReadyError until a checkpoint covers it: one is signed every half minute.
        """
        return (await self._line.send(_below(request_id, "evidence/proof"))).body

    async def events(self, request_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """What happened and happens to a request, each event once, until it is closed.

        `after`: the sequence of the last event that is known already. A connection that is cut is
        made again.
        """

        async def is_closed() -> bool:
            return (await self.get(request_id)).is_closed

        following = Following(self._line, request_id, after, is_closed)
        async with aclosing(following.events()) as events:
            async for event in events:
                yield event

    async def watch(
        self, request_id: str, until: Until = "settled", *,
        seconds: float | None = None, every: float | None = None,
    ) -> AsyncGenerator[Request, None]:  # fmt: skip
        """A request each time that it changes, until it is settled or closed, or time is up."""
        looks = watched(self._line, self, request_id, until, seconds=seconds, every=every)
        async with aclosing(looks) as found:
            async for request in found:
                yield request

    async def wait(
        self, request_id: str, until: Until = "settled", *, seconds: float | None = None
    ) -> Request:
        """The request once it is settled, or closed; raises StillUnderWayError after `seconds`."""
        last: Request | None = None
        async with aclosing(self.watch(request_id, until, seconds=seconds)) as changes:
            async for request in changes:
                last = request
        if last is None or not is_there(last, until):
            raise StillUnderWayError(f"the request is not {until} after {seconds:g} seconds", last)
        return last

    async def _judge(
        self, request_id: str, digest: str, decision: str, reason: str | None
    ) -> Request:
        said: dict[str, Json] = {"plan_digest": digest, "decision": decision}
        return await self._decide(
            request_id, "approval", said if reason is None else {**said, "reason": reason}
        )

    async def _decide(self, request_id: str, what: str, said: Mapping[str, Json]) -> Request:
        """The API lets every decision be repeated: the same again changes nothing."""
        path = f"{ONE}/{what}"
        ids = {"id": request_id}
        return await self._request(
            Outgoing("POST", path, ids=ids, json=dict(said), repeatable=True)
        )

    async def _request(self, outgoing: Outgoing) -> Request:
        answer = await self._line.send(outgoing)
        try:
            return read(answer, Request).followed_by(self)
        except AvgateError as error:  # it may be recorded all the same
            error.key = outgoing.key
            raise


def _below(request_id: str, what: str) -> Outgoing:
    return Outgoing("GET", f"{ONE}/{what}", ids={"id": request_id})
