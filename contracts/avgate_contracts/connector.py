"""What a connector is: a small core, and one protocol for each thing an upstream can do.

A connector is a class that the entry-point group `avgate.connectors.v1` names. The gateway reads
its `manifest`, validates the operator's config with its `settings_type`, builds the http client
that the settings ask for and constructs it with both. Naming a `Supports…` protocol in the class
line is what says that the upstream can do it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from avgate_contracts.outcome import ItemOutcome
from avgate_contracts.record import ErasureWay, Finding, ItemChange, ItemRef
from avgate_contracts.register import PublishedList
from avgate_contracts.settings import ConnectorSettings
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation

PROTOCOL = "1.0"
"""What this SDK speaks. A minor adds, with defaults; a major is a new entry-point group."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard an upstream may be pressed, and how long it is waited for; times in seconds."""

    concurrency: int = 4
    calls_per_second: float | None = None
    timeout: float = 10.0  # one try, until its headers, and between two reads of its body
    deadline: float = 60.0  # one call with all its tries
    attempts: int = 3
    longest_wait: float = 5.0  # a longer Retry-After is handed to the engine
    max_response_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a connector says of itself, known without any settings.

    `erases` says per category what erasing comes to, for whoever looks the connector up; what is
    planned for an item is what its own `erasure` says.
    `not_relevant` says per operation why it does not apply to this upstream at all.
    `relists`: erased items may come back by themselves (a feed), so they are looked for again.
    `after_service`: categories of which this upstream erases nothing while the service runs to
    which it belongs (`ItemRef.service_runs`); such an item is planned to stay until then.
    `leads`: categories by which alone the rest is found, such as name cards; an erasure that leaves
    the rest out leaves them to a person.
    """

    name: str
    title: str
    processor: str
    finds_by: frozenset[IdentifierKind]
    holds: frozenset[Category]
    erases: Mapping[Category, ErasureWay] = field(default_factory=dict)
    not_relevant: Mapping[Operation, str] = field(default_factory=dict)
    protocol: str = "1.0"  # of a connector that names none: it does not grow with the SDK
    limits: Limits = field(default_factory=Limits)
    relists: bool = False
    after_service: frozenset[Category] = frozenset()
    leads: frozenset[Category] = frozenset()


@runtime_checkable
class Connector(Protocol):
    """Our code that speaks to one upstream, for one controller.

    Constructed as `cls(settings, http)`, with `settings` an instance of `settings_type`.
    """

    manifest: ClassVar[Manifest]
    settings_type: ClassVar[type[Any]]  # a ConnectorSettings; Any, for it is each connector's own

    async def check(self) -> None:
        """Makes one harmless call; raises a ConnectorError if credentials or contract are wrong."""
        ...


@runtime_checkable
class SupportsAccess(Protocol):
    """Can show what the upstream holds of a data subject."""

    def access(self, subject: DataSubject) -> AsyncIterator[Finding]:
        """Every item held of the subject; nothing for somebody unknown.

        An `Unseen` for each part of the upstream that could not be looked into for them.
        Items are erased in the order in which they are shown. But where no identifier `lasts`,
        records of who somebody is (`Category.CONTACT`) do well to come first: the gateway looks
        anew by what they say, and takes no more of this look.
        Raises AmbiguousSubjectError where the identifiers fit more than one person.
        """
        ...


@runtime_checkable
class SupportsExport(Protocol):
    """Can hand out the subject's data for taking along, files included."""

    def export(self, subject: DataSubject) -> AsyncIterator[Finding]:
        """At least everything that access shows."""
        ...


@runtime_checkable
class SupportsRectify(Protocol):
    """Can change what the upstream holds."""

    async def rectify(self, items: Sequence[ItemChange], *, key: str) -> Sequence[ItemOutcome]:
        """Puts the new values in place and reads them back; one outcome per item.

        `key` is stable over repeats and restarts of the same intention.
        """
        ...


@runtime_checkable
class SupportsErase(Protocol):
    """Can erase items, or get rid of the identity in them."""

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
        """Erases exactly these items; one outcome per item, at best as good as the evidence.

        `key` is stable over repeats and restarts of the same intention.
        """
        ...

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        """Those of the items that the upstream still shows, with their terms as they are now."""
        ...


@runtime_checkable
class SupportsConfirm(Protocol):
    """Accepts now and confirms later."""

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> Sequence[ItemOutcome]:
        """How the items of an accepted job stand now; `Pending` while it is not settled."""
        ...


@runtime_checkable
class SupportsCallback(Protocol):
    """Takes an address that it calls when a job is settled, so that nobody has to keep asking."""

    async def erase_and_call_back(
        self, items: Sequence[ItemRef], *, key: str, callback_url: str
    ) -> Sequence[ItemOutcome]:
        """Like `erase`; a call to `callback_url` is only a hint, after which `confirm` is asked."""
        ...


@runtime_checkable
class SupportsRecipients(Protocol):
    """Stands before several companies, and knows which of them an item lies with."""

    def recipient(self, item: ItemRef) -> str:
        """Whom erasing this item tells of it, as people call that company (GDPR Art. 19).

        It asks nobody, and names somebody whom the settings no longer name too.
        """
        ...


@runtime_checkable
class SupportsRegister(Protocol):
    """Knows lists of processors that providers publish."""

    async def published(self, known: Mapping[str, str]) -> Sequence[PublishedList]:
        """The lists that changed; `known` maps a provider to the etag seen last."""
        ...


__all__ = [
    "PROTOCOL",
    "Connector",
    "ConnectorSettings",
    "Limits",
    "Manifest",
    "SupportsAccess",
    "SupportsCallback",
    "SupportsConfirm",
    "SupportsErase",
    "SupportsExport",
    "SupportsRecipients",
    "SupportsRectify",
    "SupportsRegister",
]
