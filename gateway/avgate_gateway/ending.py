"""What became of one connector's part in a request: told once, for the API, reports and packages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Operation
from avgate_gateway.report import Ending, OutcomeWord
from avgate_gateway.request import COPIES
from avgate_gateway.store.earlier import LeftEarlier
from avgate_gateway.store.item import ON_THE_WAY, ItemState
from avgate_gateway.store.tasks import SHOWN, Stage, Task, TaskCode
from avgate_gateway.store.unseen import UnseenPart

LEFT_EARLIER: Final = "left_earlier"  # the reason of what only an earlier request knows of
_CODES: Final = {
    TaskCode.NOT_RELEVANT: OutcomeWord.NOT_RELEVANT,
    TaskCode.CANNOT_FIND: OutcomeWord.NOT_SEARCHABLE,
    TaskCode.UNSUPPORTED: OutcomeWord.BY_HAND,
    TaskCode.AMBIGUOUS: OutcomeWord.BY_HAND,
    TaskCode.HELD_BACK: OutcomeWord.BY_HAND,
    TaskCode.REFUSED: OutcomeWord.REFUSED,
    TaskCode.UNAVAILABLE: OutcomeWord.FAILED,
    TaskCode.OUTCOME_UNKNOWN: OutcomeWord.FAILED,
    TaskCode.MISCONFIGURED: OutcomeWord.FAILED,
    TaskCode.CONTRACT_BROKEN: OutcomeWord.FAILED,
    TaskCode.FAULT: OutcomeWord.FAILED,
    TaskCode.ALTERED: OutcomeWord.FAILED,
    TaskCode.DONE_BY_HAND: OutcomeWord.DONE_BY_HAND,
}
_PLACES: Final = {word: place for place, word in enumerate(OutcomeWord)}
# What is worst decides about a connector as a whole; what is not named here is well.
_WORST_FIRST: Final = (
    OutcomeWord.FAILED,
    OutcomeWord.RETURNED,
    OutcomeWord.UNKNOWN,
    OutcomeWord.PENDING,
    OutcomeWord.BY_HAND,
    OutcomeWord.NOT_SEARCHABLE,
    OutcomeWord.REFUSED,
)


def ending(
    operation: Operation,
    task: Task,
    states: Iterable[ItemState] = (),
    *,
    is_narrowed: bool = False,
) -> OutcomeWord | None:
    """What became of a connector's part as a whole; None while it is under way.

    `states` are those of its items, of which each is named at least once; `is_narrowed`: only
    some categories were asked for.
    """
    if task.stage is Stage.CONFIRM:
        return OutcomeWord.PENDING
    if task.stage not in {Stage.DONE, Stage.STUCK}:
        return None
    if task.stage is Stage.STUCK or task.is_answered:
        return _CODES[task.code] if task.code else OutcomeWord.FAILED
    words = {word_of_item(state) for state in states} | {part.outcome for part in unseen(task)}
    words |= {told.outcome for _, told in left_earlier(task)}
    if operation in COPIES and task.tally:
        words.add(OutcomeWord.PROVIDED)
    if not words:
        return without_items(operation, task, is_narrowed=is_narrowed)
    return next(
        (word for word in _WORST_FIRST if word in words), min(words, key=_PLACES.__getitem__)
    )


def without_items(operation: Operation, task: Task, *, is_narrowed: bool) -> OutcomeWord:
    """What is said of an upstream that was looked through and has no item in the request.

    Whoever asked for some categories only is never told that nothing at all is held.
    """
    if operation is Operation.RECTIFY and task.tally.get(SHOWN, 0) > 0:
        return OutcomeWord.NOT_KEPT
    return OutcomeWord.NOTHING_IN_SCOPE if is_narrowed else OutcomeWord.NOTHING_HELD


def word_of_item(state: ItemState) -> OutcomeWord:
    """What a report calls the state of an item."""
    return OutcomeWord.PENDING if state in ON_THE_WAY else OutcomeWord(state.value)


def unseen(task: Task) -> Iterator[Ending]:
    """What is said of each part of the upstream that could not be looked into."""
    for part in task.unseen if _has_looked(task) else ():
        yield Ending(_word_of_part(part), reason=part.why.value, detail=detail(part))


def left_earlier(task: Task) -> Iterator[tuple[LeftEarlier, Ending]]:
    """What is said of what an earlier erasure left, where no look finds it any more."""
    for left in task.left_earlier if _has_looked(task) else ():
        if left.is_retained:
            detail = f"it was kept by an earlier erasure: request {left.request_id}"
            word = OutcomeWord.RETAINED
        else:
            detail = f"an earlier erasure left it to a person: request {left.request_id}"
            word = OutcomeWord.BY_HAND
        told = Ending(
            word, until=left.until, ground=left.ground, reason=LEFT_EARLIER, detail=detail,
            left_by=left.request_id,
        )  # fmt: skip
        yield left, told


def _has_looked(task: Task) -> bool:
    is_stuck_looking = task.stage is Stage.STUCK and task.resume == Stage.LOCATE
    return not (task.stage is Stage.LOCATE or is_stuck_looking or task.is_answered)


def _word_of_part(part: UnseenPart) -> OutcomeWord:
    if part.is_done:
        return OutcomeWord.DONE_BY_HAND
    return OutcomeWord.BY_HAND if part.is_by_hand else OutcomeWord.NOT_SEARCHABLE


def detail(part: UnseenPart) -> str:
    """A part that could not be looked into, and what it takes, in a sentence."""
    if part.is_done:
        return f"a person asked {part.part}"
    match part.why:
        case WhyUnseen.NO_INTERFACE:
            return f"{part.part} has no interface to ask by: a person has to ask"
        case WhyUnseen.DAYS_UNKNOWN:
            kinds = ", ".join(kind.value for kind in part.needs)
            return (
                f"{part.part} was not asked by every {kinds} that was given: "
                "nobody says on which days it was theirs; give the days"
            )
        case WhyUnseen.OTHER_IDENTIFIER:
            kinds = ", ".join(kind.value for kind in part.needs)
            return f"{part.part} was not asked: it knows nobody by what is known; it takes one of: {kinds}"
