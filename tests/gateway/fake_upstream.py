"""An upstream of a few lines that can be told to misbehave, and that writes down what it is made do.

It knows what the gateway cannot: who owns an item, and what really happened behind a lost answer.
What must never be asked of it is in `complaints`: a key that comes back with other items, an item
of somebody else, one that must stay. What went and is sent again under a new key is in `resent`:
that is right only if another request asked for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from avgate_contracts.errors import NotFoundError, OutcomeUnknownError, UnavailableError
from avgate_contracts.identifier import Identifier
from avgate_contracts.outcome import (
    Completed,
    Effect,
    Failed,
    ItemOutcome,
    NothingHeld,
    Outcome,
    Pending,
    Refused,
    Unknown,
)
from avgate_contracts.record import Finding, ItemChange, ItemRef, Record, Unseen
from avgate_contracts.vocabulary import Category, Field
from avgate_gateway.retention import Action, Pack, decide, local_day

from .moods import BEFORE, OTHERWISE, REFUSING, SAYS, TROUBLES


@dataclass(slots=True)
class Holding:
    """One thing that an upstream holds of somebody."""

    item: ItemRef
    owner: str
    identifiers: tuple[Identifier, ...]
    fields: dict[Field, tuple[str, ...]] = field(default_factory=dict)
    ends: date | None = None  # the day on which a scheduled erasure comes about


@dataclass(slots=True)
class Upstream:
    """What it holds, how it feels, and all that was asked of it."""

    name: str
    now: Callable[[], datetime]
    pack: Pack
    subject: str
    holdings: dict[str, Holding] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)  # one for each of the next calls
    refuses_by: str = "no"  # the code of a refusal that names a day
    breaks_after: int | None = None  # the next look breaks off after so many records
    moods: list[str] = field(default_factory=list)  # one for each of the next writes
    answers: list[str] = field(default_factory=list)  # one for each of the next questions
    unseen: list[Unseen] = field(default_factory=list)  # parts that nobody can look into
    strangers: bool = False  # shows other people's records as well
    lead: str | None = None  # the item without which nothing is found by the person
    leads: frozenset[Category] = frozenset()  # categories that alone lead to the rest, as it says
    known_by: tuple[Identifier, ...] = ()  # by what another program makes anew what goes
    meanwhile: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    asked_again: set[str] = field(default_factory=set)  # a person had these tried again
    came_back: set[str] = field(default_factory=set)
    bodies: dict[str, frozenset[str]] = field(default_factory=dict)
    effects: dict[str, str] = field(default_factory=dict)  # by reference: the key that did it
    jobs: dict[str, str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)  # jobs that it does not know any more
    orders: dict[str, str] = field(default_factory=dict)  # by reference: the key of an open one
    complaints: list[str] = field(default_factory=list)
    resent: list[tuple[str, str, str]] = field(default_factory=list)  # what, under which two keys
    changes: int = 0  # how often something came or went
    looked_after: list[int] = field(
        default_factory=list
    )  # after how many writes it was asked what is there

    def holds(self, ref: str) -> Holding | None:
        self._end_what_is_due()
        return self.holdings.get(ref)

    def of_subject(self) -> list[Holding]:
        self._end_what_is_due()
        return [h for h in self.holdings.values() if h.owner == self.subject]

    def drop(self, refs: Iterable[str]) -> None:
        for ref in refs:
            if self.holdings.pop(ref, None) is not None:
                self.changes += 1

    def end_services(self) -> None:
        for holding in self.holdings.values():
            if holding.item.service_runs:
                ended = replace(holding.item, service_runs=False, term_starts=self.now())
                holding.item = ended

    def calm(self) -> None:
        """Is well from here on."""
        self.breaks_after, self.strangers = None, False
        self.unseen.clear()
        for queue in (self.troubles, self.moods, self.answers, self.meanwhile):
            queue.clear()

    async def enter(self) -> None:
        while self.meanwhile:
            await self.meanwhile.pop(0)()
        if self.troubles:
            error = TROUBLES[self.troubles.pop(0)]()
            raise error

    async def show(self) -> AsyncIterator[Finding]:
        await self.enter()
        self._end_what_is_due()
        breaks_after, self.breaks_after = self.breaks_after, None
        if self.lead is not None and self.lead not in self.holdings:
            return
        for count, held in enumerate(list(self.holdings.values())):
            if breaks_after == count:
                raise UnavailableError("broke off")
            if held.owner == self.subject or self.strangers:
                data = {"ref": held.item.ref}
                yield Record(held.item, held.identifiers, data, fields=dict(held.fields))
        for part in list(self.unseen):
            yield part

    async def erase(self, items: Sequence[ItemRef], key: str) -> list[ItemOutcome]:
        await self.enter()
        self._examine(items, key)
        mood = self.moods.pop(0) if self.moods else "done"
        if mood in BEFORE:
            raise BEFORE[mood]
        outcomes = [
            ItemOutcome(item.ref, self._erase_one(item, key, mood, number))
            for number, item in enumerate(items)
        ]
        if self.known_by:
            self._make_anew(items)
        if mood in {"lost after", "pending and lost"}:
            raise OutcomeUnknownError("lost on the way back")
        if mood == "bug after":
            raise ValueError("a fault of the connector")
        return outcomes[1:] if mood == "silent" else outcomes

    def _make_anew(self, items: Sequence[ItemRef]) -> None:
        for item in items:
            anew = replace(item, ref=f"{item.ref} anew")
            self.holdings[anew.ref] = Holding(anew, self.subject, self.known_by)

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> list[ItemOutcome]:
        await self.enter()
        if job not in self.jobs:
            self.complaints.append("was asked about a job that it never accepted")
        if job in self.forgotten:
            raise NotFoundError("there is no such job", status=404)
        answer = self.answers.pop(0) if self.answers else "done"
        if answer == "down":
            raise UnavailableError("not now")
        return [ItemOutcome(i.ref, self._settled(i, job, answer)) for i in items]

    async def rectify(self, changes: Sequence[ItemChange], key: str) -> list[ItemOutcome]:
        await self.enter()
        self._examine([change.item for change in changes], key, is_erasure=False)
        mood = self.moods.pop(0) if self.moods else "done"
        if mood in BEFORE:
            raise BEFORE[mood]
        told = [ItemOutcome(c.item.ref, self._rectify_one(c, mood)) for c in changes]
        if mood == "lost after":
            raise OutcomeUnknownError("lost on the way back")
        return told

    async def still(self, items: Sequence[ItemRef]) -> list[ItemRef]:
        await self.enter()
        self._end_what_is_due()
        self.looked_after.append(len(self.bodies))
        found = [self.holdings.get(item.ref) for item in items]
        return [held.item for held in found if held is not None]

    def _end_what_is_due(self) -> None:
        today = local_day(self.now())
        due = [ref for ref, held in self.holdings.items() if held.ends and held.ends <= today]
        self.drop(due)

    def _examine(self, items: Sequence[ItemRef], key: str, *, is_erasure: bool = True) -> None:
        refs = frozenset(item.ref for item in items)
        if self.bodies.setdefault(key, refs) != refs:
            self._complain("a key came back with other items")
        if len(refs) != len(items):
            self._complain("an item was sent twice in one call")
        for ref in sorted(refs):
            self._examine_one(ref, key, is_erasure=is_erasure)

    def _examine_one(self, ref: str, key: str, *, is_erasure: bool) -> None:
        held = self.holds(ref)
        if ref not in self.approved:
            self._complain(f"{ref} was never approved")
        if held is not None and held.owner != self.subject:
            self._complain(f"{ref} is somebody else's")
        if not is_erasure:
            return
        if held is not None and decide(held.item, self.pack, self.now()).action is Action.RETAIN:
            self._complain(f"{ref} must stay")
        did = self.effects.get(ref)
        if held is None and did not in {None, key} and ref not in self.asked_again:
            self.resent.append((ref, did or "", key))

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.name}: {text}")

    def _gone(self, ref: str, key: str) -> Completed:
        if self.holds(ref) is None:
            return Completed(Effect.ALREADY_GONE)
        self.drop([ref])
        self.effects[ref] = key
        return Completed(Effect.ERASED)

    def _erase_one(self, item: ItemRef, key: str, mood: str, number: int) -> Outcome:
        if mood in SAYS:
            return SAYS[mood]
        if (mood, number == 0) in OTHERWISE:
            return SAYS[OTHERWISE[mood, number == 0]]
        if mood.startswith("pending"):
            if self.orders.setdefault(item.ref, key) != key and item.ref not in self.asked_again:
                self._complain(f"{item.ref} is ordered twice, under two keys")
            job = f"{self.name}-{len(self.jobs)}"
            self.jobs[job] = key
            return Pending(job, self.now() + timedelta(minutes=5 + 600 * (number % 2)))
        if mood in REFUSING:
            return self._refused_for_now(mood)
        if mood.startswith("schedule"):
            return self._schedule(item.ref, mood)
        gone = self._gone(item.ref, key)
        return Unknown("nobody knows") if mood == "unknown after" else gone

    def _refused_for_now(self, mood: str) -> Refused:
        day = local_day(self.now()) + timedelta(days=REFUSING[mood])
        return Refused(self.refuses_by, "it says no", day)

    def _schedule(self, ref: str, mood: str) -> Completed:
        day, held = local_day(self.now()) + timedelta(days=10), self.holds(ref)
        if held is not None and mood == "schedule":
            held.ends = day
        return Completed(Effect.SCHEDULED, day)

    def _settled(self, item: ItemRef, job: str, answer: str) -> Outcome:
        match answer:
            case "pending":
                return Pending(job, self.now() + timedelta(minutes=10))
        self.orders.pop(item.ref, None)
        match answer:
            case "fail":
                return Failed("broken", "it could not after all")
            case "refuse":
                return Refused("no", "not after all")
            case "lie":
                return Completed(Effect.ERASED)
        return self._gone(item.ref, self.jobs.get(job, ""))

    def _rectify_one(self, change: ItemChange, mood: str) -> Outcome:
        held = self.holds(change.item.ref)
        match mood:
            case "refuse" | "service runs":
                return self._refused_for_now("refuse until")
            case _ if mood in REFUSING:
                return self._refused_for_now(mood)
            case "fail" | "silent":
                return Failed("broken", "it could not")
            case "unknown before":
                return Unknown("nobody knows")
        if held is None:
            return NothingHeld()
        held.fields.update({each.name: (each.after,) for each in change.changes})
        return Unknown("nobody knows") if mood == "unknown after" else Completed(Effect.RECTIFIED)
