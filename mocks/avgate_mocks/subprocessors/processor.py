"""One processor that speaks OpenDSR 2.0: its requests, and what becomes of them in time."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from avgate_mocks.kernel import Kernel
from avgate_mocks.ledger import Effect
from avgate_mocks.people import CONTROLLERS, Person
from avgate_mocks.subprocessors.answering import Naming
from avgate_mocks.subprocessors.calling import Caller
from avgate_mocks.subprocessors.holdings import Held, Identity, accounts, customer_cards
from avgate_mocks.subprocessors.job import Job
from avgate_mocks.subprocessors.orders import SubjectRequest
from avgate_mocks.subprocessors.seal import Seal
from avgate_mocks.world import World

_RESULTS_KEPT = timedelta(days=7)  # as the best-known implementation does; then 410


@dataclass(frozen=True, slots=True)
class What:
    """What tells one processor from another."""

    name: str
    title: str
    domain: str
    identities: tuple[tuple[str, str], ...]  # type and format
    extended: tuple[tuple[str, str], ...]  # the same, through the extension
    starts_with: Callable[[World], Iterable[Held]]


PERFECTVIEW = What(
    name="perfectview",
    title="PerfectView",
    domain="perfectview.example",
    identities=(("controller_customer_id", "raw"), ("email", "raw")),
    extended=(("phone", "raw"),),
    starts_with=customer_cards,
)
WORKSPACE365 = What(
    name="workspace365",
    title="Workspace365",
    domain="workspace365.example",
    identities=(("email", "sha256"),),
    extended=(),
    starts_with=accounts,
)


def secret_name(processor: str) -> str:
    """Under which name `World.secret` knows the token of a processor."""
    return f"subprocessors/{processor}"


class Processor:
    """Keeps one list of what it holds, and completes requests when their time has come."""

    def __init__(self, kernel: Kernel, what: What) -> None:
        self.kernel = kernel
        self.what = what
        self.seal = Seal(what.domain, kernel.clock.now())
        self._caller = Caller(kernel, self.seal, self.settle)
        self._held: dict[str, list[Held]] = {}  # by person
        for held in what.starts_with(kernel.world):
            self._held.setdefault(held.person.id, []).append(held)
        self._jobs: dict[tuple[str, str], Job] = {}
        self._tokens: Mapping[str, str] = {
            kernel.world.secret(secret_name(what.name), controller): controller
            for controller in CONTROLLERS
        }

    def controller(self, token: str) -> str | None:
        """Whose token it is; tokens are fixed and never run out."""
        return self._tokens.get(token)

    def count(self, person: Person) -> int:
        """How much of a person is held now."""
        self.settle()
        return len(self._held.get(person.id, ()))

    def supports(self, identities: Iterable[Identity]) -> bool:
        known = {*self.what.identities, *self.what.extended}
        return all((kind, form) in known for kind, form, _ in identities)

    def accept(
        self, order: SubjectRequest, controller: str, here: str, naming: Naming
    ) -> tuple[Job, list[Person]]:
        """A new request, and who it is about; `here` is where the requests are asked about."""
        identities = frozenset(order.identities(self.what.domain))
        job = Job(
            id=order.subject_request_id,
            controller=controller,
            kind=order.subject_request_type,
            identities=identities,
            received=self.kernel.clock.now(),
            address=f"{here}/{order.subject_request_id}",
            naming=naming,
        )
        self._jobs[controller, job.id] = job
        self._caller.follow(job, order.status_callback_urls)
        return job, _people(self._matching(job))

    def job(self, controller: str, request_id: str) -> Job | None:
        """A controller's own request, brought up to date."""
        self.settle()
        return self._jobs.get((controller, request_id))

    def cancel(self, job: Job) -> None:
        job.cancelled = True
        self._caller.wake()

    def results_gone(self, job: Job) -> bool:
        return self.kernel.clock.now() > job.completes + _RESULTS_KEPT

    def settle(self) -> None:
        """Complete what was due by now, in the order in which it fell due."""
        now = self.kernel.clock.now()
        due = [job for job in self._jobs.values() if job.results is None]
        for job in sorted(due, key=lambda job: job.completes):
            if job.status(now) == "completed":
                self._complete(job)

    def _complete(self, job: Job) -> None:
        job.results = tuple(self._matching(job))
        if job.kind != "erasure":
            return
        for person in _people(job.results):
            del self._held[person.id]
            # Noted with the time it fell due: nobody may have looked since.
            self.kernel.ledger.effects.append(
                Effect(job.completes, "", "", job.id, 0, person.id, "erase")
            )

    def _matching(self, job: Job) -> list[Held]:
        return [
            held
            for everything in self._held.values()
            for held in everything
            if held.person.controller == job.controller and job.identities & held.known_as
        ]


def encoded(body: bytes) -> str:
    """The request as the answer to it has to repeat it, for the controller's own proof."""
    return b64encode(body).decode()


def _people(held: Iterable[Held]) -> list[Person]:
    return list({one.person.id: one.person for one in held}.values())
