"""Everything there is in the model: rows on disk, workers in memory, upstreams, and what people saw.

Rows have the names of the real columns, so that the flow's pure functions read them as they are. A
moment is the state of all of it; `frozen` makes it a value that no longer depends on when it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from avgate_contracts.vocabulary import Operation
from avgate_gateway.request import Approval, State, WaitingFor
from avgate_gateway.store.item import Item as RealItem
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import ASKED, Stage, TaskCode

from .bugs import Bug

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)
NAMES = "abc"  # of connectors
KINDS = {"c": "card", "k": "kept", "p": "paper"}  # what an item is, by its letter
_is_left_to_people = RealItem.__dict__["is_left_to_people"].fget


class BrokenError(AssertionError):
    """An invariant does not hold."""


class Row:
    """Something that can be copied slot by slot."""

    __slots__: tuple[str, ...] = ()

    def copy(self) -> Self:
        other = self.__new__(self.__class__)
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other


class Request(Row):
    """The row of a request, with the claim on it."""

    __slots__ = (
        "approval", "client_id", "closed_at", "closing", "fence", "has_key", "has_refs", "holder",
        "id", "identity", "lease_until", "operation", "plan_digest", "plan_valid_until", "promised",
        "received_at", "state", "waiting_for", "wake_at",
    )  # fmt: skip

    def __init__(self, operation: Operation, client_id: str, promised: date) -> None:
        self.id = "r"
        self.operation, self.client_id, self.promised = operation, client_id, promised
        self.received_at = BEGIN
        self.state = State.WAITING
        self.waiting_for: WaitingFor | None = WaitingFor.IDENTITY
        self.identity: Any = None
        self.plan_digest: str | None = None
        self.plan_valid_until: datetime | None = None
        self.approval: Approval | None = None
        self.closing: str | None = None
        self.closed_at: datetime | None = None
        self.wake_at: datetime | None = None
        self.has_key = self.has_refs = True
        self.fence = 0
        self.holder: int | None = None
        self.lease_until = BEGIN


class Task(Row):
    """The row of a connector's part."""

    __slots__ = (
        "attempts", "code", "connector", "next_attempt_at", "resume", "said_two", "stage",
    )  # fmt: skip

    def __init__(self, connector: str) -> None:
        self.connector = connector
        self.stage = Stage.LOCATE
        self.attempts = 0
        self.code: TaskCode | None = None
        self.resume: Stage | None = None
        self.said_two = False
        self.next_attempt_at: datetime | None = None

    def move(
        self, stage: Stage, *, code: TaskCode | None = None, resume: Stage | None = None,
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.stage, self.code, self.attempts, self.next_attempt_at = stage, code, 0, at
        if resume is not None:
            self.resume = resume
        if stage not in ASKED:
            self.said_two = False


class Item(Row):
    """The row of an item; `asked` counts how often it was sent, for the checks alone."""

    __slots__ = (
        "action", "asked", "batch", "code", "connector", "digest", "job", "kind", "look_at",
        "looks", "number", "plan", "state", "tries",
    )  # fmt: skip

    def __init__(self, number: int, connector: str, kind: str) -> None:
        self.number, self.connector, self.kind = number, connector, kind
        self.digest = f"{connector}{number}"
        self.state: ItemState | None = None  # not located
        self.forget()

    def forget(self) -> None:
        self.state = None
        self.action: str | None = None
        self.plan: str | None = None  # the digest of the one that covers it
        self.batch: str | None = None
        self.job: str | None = None
        self.code: str | None = None
        self.look_at: datetime | None = None
        self.looks = self.tries = self.asked = 0

    @property
    def is_left_to_people(self) -> bool:
        return bool(_is_left_to_people(self))

    def set(self, columns: dict[str, Any]) -> None:
        """Writes what `executing.columns` says."""
        self.state = ItemState(columns["state"])
        self.code, self.job, self.look_at = columns["code"], columns["job"], columns["look_at"]


class Worker(Row):
    """A process: what it has in memory ends with it.

    `hands` holds for each connector what it is at: the step, the stage that was loaded, and what
    the step needs. A hand is a tuple, so that copies may share it.
    """

    __slots__ = ("fence", "hands", "is_cut_off", "is_dead", "is_frozen", "phase", "rounds")

    def __init__(self, connectors: int) -> None:
        self.fence: int | None = None
        self.phase: str | None = None
        self.hands: list[tuple[Any, ...] | None] = [None] * connectors
        self.rounds = 0
        self.is_dead = self.is_frozen = self.is_cut_off = False

    @property
    def is_up(self) -> bool:
        return not (self.is_dead or self.is_frozen)

    def hand(self, c: int) -> tuple[Any, ...]:
        """What it is at for a connector; only asked where it is at something."""
        hand = self.hands[c]
        assert hand is not None
        return hand

    def drop(self) -> None:
        """Forgets what it was at."""
        self.fence = self.phase = None
        self.hands = [None] * len(self.hands)

    def copy(self) -> Self:
        other = super().copy()
        other.hands = list(self.hands)
        return other


class Upstream(Row):
    """What an upstream holds, and its own book of what was done to it.

    One that `takes_orders` answers later: a job for each key, done when its time comes.
    """

    __slots__ = ("back", "down_until", "effects", "fits_two", "held", "hidden", "jobs", "name", "relists",
                 "runs_until", "takes_orders", "vanished")  # fmt: skip

    def __init__(self, name: str, *, takes_orders: bool, relists: bool) -> None:
        self.name, self.takes_orders, self.relists = name, takes_orders, relists
        self.held: frozenset[int] = frozenset()
        self.hidden: frozenset[int] = frozenset()  # will appear later
        self.vanished: frozenset[int] = frozenset()  # went, and not by us
        self.back: frozenset[int] = frozenset()  # came back after it went
        self.effects: tuple[tuple[int, str], ...] = ()  # which item went by which key
        self.jobs: tuple[tuple[str, tuple[int, ...], datetime], ...] = ()  # open: key, items, due
        self.fits_two = False  # what was given fits two people here, which every look says
        self.down_until: datetime | None = None
        self.runs_until: datetime | None = None  # until then it refuses, for the service runs


class World:
    """A moment."""

    __slots__ = (
        "approved", "asked_again", "bugs", "cools_for", "ended", "hand_tasks", "intended", "items", "now", "offset", "outage",
        "request", "said_two", "saw", "tasks", "upstreams", "wakes", "workers", "writes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.now = BEGIN
        self.offset = timedelta()  # what the wall clock is wrong by
        self.request = Request(Operation.ERASE, "portal", BEGIN.date())
        self.tasks: list[Task] = []
        self.items: list[Item] = []
        self.workers: list[Worker] = []
        self.upstreams: list[Upstream] = []
        self.wakes = 0  # messages on their way to a worker
        self.hand_tasks: frozenset[tuple[int, str]] = frozenset()  # open: connector, what of it
        self.intended: dict[str, tuple[int, ...]] = {}  # evidence: keys, and what they are for
        self.ended: frozenset[str] = frozenset()
        self.saw: tuple[str, frozenset[int]] | None = None  # the plan that a person has before them
        self.approved: frozenset[int] = frozenset()  # what a person, or the policy, agreed to
        self.asked_again: frozenset[int] = frozenset()  # what a person had tried again
        self.said_two: frozenset[int] = frozenset()  # connectors whose last look found two people
        self.outage: datetime | None = None  # until then the database refuses writes
        self.writes = 0
        self.bugs: frozenset[Bug] = frozenset()
        self.cools_for = timedelta()  # from an approval until it is carried out

    @property
    def wall(self) -> datetime:
        return self.now + self.offset

    def items_of(self, connector: int) -> Iterator[Item]:
        name = NAMES[connector]
        return (item for item in self.items if item.connector == name and item.state is not None)

    def copy(self) -> World:
        other = World.__new__(World)
        for name in World.__slots__:
            setattr(other, name, getattr(self, name))
        other.request = self.request.copy()
        other.tasks = [row.copy() for row in self.tasks]
        other.items = [row.copy() for row in self.items]
        other.workers = [row.copy() for row in self.workers]
        other.upstreams = [row.copy() for row in self.upstreams]
        other.intended = dict(self.intended)
        return other

    def frozen(self) -> tuple[Any, ...]:
        """The same for moments from which the same can follow: times count from now."""
        r, now, wall = self.request, self.now, self.now + self.offset
        return (
            r.state._value_, r.waiting_for, r.plan_digest, _ahead(r.plan_valid_until, wall),
            r.approval and r.approval.plan_digest,
            r.approval and _ahead(r.approval.begins_at, wall), r.closing, _ahead(r.wake_at, wall), r.has_key,
            r.has_refs, r.identity is None, r.holder is not None and _ahead(r.lease_until, now),
            self.wakes, self.hand_tasks, self.saw, self.approved, self.asked_again, self.said_two, self.ended,
            self.offset, _ahead(self.outage, now), frozenset(self.intended.items()),
            tuple((t.stage._value_, t.attempts, t.code, t.resume, t.said_two, _ahead(t.next_attempt_at, wall)) for t in self.tasks),
            tuple(
                (i.state and i.state._value_, i.action, i.batch, i.job, i.code, _ahead(i.look_at, wall), i.looks, i.tries, i.asked, i.plan)
                for i in self.items
            ),
            # Workers are alike, so which of them is which makes no difference.
            tuple(sorted(
                ((w.fence - r.fence if w.fence else -99, w.phase or "", w.rounds, w.is_dead, w.is_frozen, w.is_cut_off, tuple(w.hands))
                for w in self.workers), key=repr)
            ),
            tuple(
                (u.held, u.hidden, u.vanished, u.back, u.effects, tuple((k, i, _ahead(d, now)) for k, i, d in u.jobs),
                 _ahead(u.down_until, now), _ahead(u.runs_until, now))
                for u in self.upstreams
            ),
        )  # fmt: skip


def _ahead(moment: datetime | None, now: datetime) -> int | None:
    """Seconds from now; what is past is past."""
    if moment is None:
        return None
    return max(int((moment - now).total_seconds()), -1)


def new_world(
    kinds: tuple[str, ...], *, workers: int = 2, operation: Operation = Operation.ERASE,
    client: str = "portal", known: bool = True, bugs: frozenset[Bug] = frozenset(),
    orders: frozenset[int] = frozenset({1}), relists: frozenset[int] = frozenset(),
    hidden: frozenset[int] = frozenset(),
) -> World:  # fmt: skip
    """A request that was just accepted.

    `kinds` says for each connector what its upstream holds, a letter of `KINDS` per item; `orders`
    which of them take orders, and `relists` which may show again what went.
    """
    from .decisions import promised_of

    world = World()
    world.bugs = bugs
    world.request = Request(operation, client, promised_of(BEGIN))
    world.tasks = [Task(NAMES[c]) for c in range(len(kinds))]
    world.workers = [Worker(len(kinds)) for _ in range(workers)]
    for c, letters in enumerate(kinds):
        upstream = Upstream(NAMES[c], takes_orders=c in orders, relists=c in relists)
        numbers = range(len(world.items), len(world.items) + len(letters))
        world.items += [Item(n, NAMES[c], KINDS[k]) for n, k in zip(numbers, letters, strict=True)]
        upstream.hidden = hidden.intersection(numbers)
        upstream.held = frozenset(numbers) - hidden
        world.upstreams.append(upstream)
    if known:
        request = world.request
        request.identity, request.state, request.waiting_for = True, State.RECEIVED, None
        request.wake_at, world.wakes = BEGIN, 1
    elif Bug.NO_IDENTITY in bugs:
        world.wakes = 1
    return world
