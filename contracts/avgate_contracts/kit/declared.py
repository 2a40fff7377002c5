"""What an author writes in a test class, and what is made of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TypeAlias

from avgate_contracts.identifier import Identifier
from avgate_contracts.kit.redaction import Redaction
from avgate_contracts.record import ItemRef
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import IdentifierKind

One: TypeAlias = str | Identifier
Known: TypeAlias = Mapping[str, One | Sequence[One]]
Upstream: TypeAlias = str | Mapping[str, Any]  # its base_url, or all the settings that lead to it
_NONE: Mapping[str, Any] = MappingProxyType({})


def _today() -> datetime:
    return datetime.now(UTC)


class Grouping(Protocol):
    """Names the group of an item. Of a bare Callable a type checker takes the item for the suite itself."""

    def __call__(self, item: ItemRef, /) -> str: ...


class Declared:
    """The class attributes of a test class; the first four are the author's to give.

    `subject` and `stranger` map a kind of identifier to a value, or to several. `changes` maps a
    rectifiable field to its new value. `upstream` is called for recording: an async context manager
    that gives the base_url of a fresh sandbox or mock, or all settings that lead to it. `together` names the group of an item, where
    items of one group cannot go without one another. `volatile` are members of bodies and queries
    that differ each time. `dated`: the upstream says since when a number or address is somebody's, so
    an earlier holder can be told from the present one. `optional` are members of answers that the upstream may leave out, though
    the recordings have them everywhere. `patience`: the seconds that a recording really waits at
    once, where a connector asks for a longer wait; 0 for a mock that needs none.
    """

    connector: ClassVar[Any]
    settings: ClassVar[Mapping[str, Any]]
    subject: ClassVar[Known]
    stranger: ClassVar[Known]
    changes: ClassVar[Mapping[str, str]] = _NONE
    upstream: ClassVar[Callable[[], AbstractAsyncContextManager[Upstream]] | None] = None
    cassettes: ClassVar[str | Path] = "cassettes"
    redaction: ClassVar[Redaction] = Redaction()
    volatile: ClassVar[Collection[str]] = ()
    optional: ClassVar[Collection[str]] = ()
    now: ClassVar[datetime | None] = None
    patience: ClassVar[float] = 60.0
    together: ClassVar[Grouping | None] = None
    dated: ClassVar[bool] = False
    exempt: ClassVar[Mapping[str, str]] = _NONE
    today: ClassVar[Callable[[], datetime]] = _today
    __test__: ClassVar[object] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Has pytest collect the author's classes, and only them."""
        super().__init_subclass__(**kwargs)
        is_test = cls.__name__.startswith("Test")
        cls.__test__ = int(
            is_test
        )  # True itself would collect it under every name it is imported as
        if is_test:
            _leave_out(cls)


def folder_of(suite: type[Declared]) -> Path:
    """The folder of the recordings, which is beside the test file unless it is absolute."""
    return Path(inspect.getfile(suite)).parent / suite.cassettes


def lacking(suite: type[Declared]) -> list[str]:
    """The attributes that the author has still to give."""
    return [
        name
        for name in ("connector", "settings", "subject", "stranger")
        if not hasattr(suite, name)
    ]


def person(
    known: Known, reference: str, named: Callable[[str], str] = lambda value: value
) -> DataSubject:
    """A data subject out of what the author wrote, each value named anew.

    Raises InvalidIdentifierError for a value, and ValueError for a kind, that cannot be.
    """
    found: list[Identifier] = []
    for kind, given in known.items():
        several = [given] if isinstance(given, str | Identifier) else list(given)
        found += [_identifier(IdentifierKind(kind), one, named) for one in several]
    return DataSubject(reference, tuple(found))


def _identifier(kind: IdentifierKind, one: One, named: Callable[[str], str]) -> Identifier:
    given = one if isinstance(one, Identifier) else Identifier.of(kind, one)
    return Identifier.of(kind, named(given.value), given.valid_from, given.valid_until)


def _leave_out(suite: type[Declared]) -> None:
    """Takes out the laws of capabilities that the connector does not claim."""
    connector = getattr(suite, "connector", object)
    for kind in suite.__mro__[1:]:
        for name, member in vars(kind).items():
            law = getattr(member, "avgate_law", None)
            if law is not None and not law.applies_to(connector) and name not in vars(suite):
                setattr(suite, name, None)
