"""A part of an upstream that could not be looked into, as a task keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from avgate_contracts.record import Unseen, WhyUnseen
from avgate_contracts.vocabulary import IdentifierKind


@dataclass(frozen=True, slots=True)
class UnseenPart:
    """One part, by its name; `is_done`: a person says that they saw to it."""

    part: str
    why: WhyUnseen
    needs: tuple[IdentifierKind, ...] = ()
    is_done: bool = False

    @property
    def is_by_hand(self) -> bool:
        """Whether a person can do what no program can."""
        return self.why is WhyUnseen.NO_INTERFACE

    def task_id(self, request_id: str, connector: str) -> str:
        """The id of the task for a person: the same however often it is made."""
        name = f"urn:avgate:unseen:{request_id}:{connector}:{self.part}"
        return str(uuid5(NAMESPACE_URL, name))


def noted(found: Iterable[Unseen], before: Iterable[UnseenPart] = ()) -> tuple[UnseenPart, ...]:
    """What a look could not see, each part once; what people saw to before stays seen to."""
    done = {part.part for part in before if part.is_done}
    parts = {
        one.part: UnseenPart(one.part, one.why, tuple(sorted(one.needs)), one.part in done)
        for one in found
    }
    return tuple(parts[name] for name in sorted(parts))


def done_by(
    task_id: str, request_id: str, connector: str, parts: Iterable[UnseenPart]
) -> tuple[UnseenPart, ...]:
    """The parts after a person completed the task with this id."""
    return tuple(
        replace(part, is_done=part.is_done or part.task_id(request_id, connector) == task_id)
        for part in parts
    )


def to_json(parts: Iterable[UnseenPart]) -> list[dict[str, Any]]:
    return [
        {
            "part": part.part,
            "why": part.why.value,
            "needs": [kind.value for kind in part.needs],
            "is_done": part.is_done,
        }
        for part in parts
    ]


def from_json(read: Sequence[dict[str, Any]] | None) -> tuple[UnseenPart, ...]:
    return tuple(
        UnseenPart(
            one["part"],
            WhyUnseen(one["why"]),
            tuple(IdentifierKind(kind) for kind in one["needs"]),
            one["is_done"],
        )
        for one in read or ()
    )
