"""What a mutant is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type[Any])


@dataclass(frozen=True)
class Mutant:
    """A connector that is wrong in one way.

    `tests` fail on the good connector's recordings. `own`: those that fail on recordings that it
    made itself, where it asks its upstream other things; `refused`: or a part of what keeps it from
    recording at all. `more`: what its author writes otherwise in the test class.
    """

    connector: type[Any]
    wrong: str
    tests: tuple[str, ...]
    own: tuple[str, ...] = ()
    refused: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in tables."""
        return self.connector.__name__

    @property
    def stories(self) -> tuple[str, ...]:
        """The stories that the tests on its own recordings ask for; recording is what takes time."""
        asked = "".join(self.own or self.tests)
        writes = {"rectify": _RECTIFY, "erase": _ERASE}
        also = [story for story, words in writes.items() if any(word in asked for word in words)]
        return ("check", "access", "nobody", "export", *(also if self.own else writes))


_ALL = (
    "plays_as",
    "keys_of_writes",
    "empty_one",
    "only_the_given",
    "no_secret",
    "sent_twice",
)  # tests that look at all of them
_RECTIFY = ("rectif", "value_is_shown", "named_by_before", *_ALL)
_ERASE = ("eras", "held", "gone", "turns_up", "pending", *_ALL)
MUTANTS: list[Mutant] = []


def mutant(
    wrong: str, *tests: str, own: tuple[str, ...] = (), refused: str = "", **more: Any
) -> Callable[[Kind], Kind]:
    """Puts a connector on the list."""

    def listed(connector: Kind) -> Kind:
        MUTANTS.append(Mutant(connector, wrong, tests, own, refused, more))
        return connector

    return listed
