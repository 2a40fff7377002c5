"""What became of a connector's part, in the words of the API, of reports and of packages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from avgate_contracts.record import Unseen, WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.api.views import outcome_word
from avgate_gateway.ending import detail, ending, left_earlier, unseen, word_of_item
from avgate_gateway.report import OutcomeWord
from avgate_gateway.store.earlier import LeftEarlier
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import SHOWN, Stage, Task, TaskCode
from avgate_gateway.store.unseen import UnseenPart, done_by, from_json, noted, to_json

ACCESS, ERASE, RECTIFY = Operation.ACCESS, Operation.ERASE, Operation.RECTIFY
DONE = Task("r", "crm", Stage.DONE, 0, datetime(2026, 3, 2, 12, tzinfo=UTC))
COPIED = replace(DONE, tally={"contact/general": 2})
NEEDS = UnseenPart("A", WhyUnseen.OTHER_IDENTIFIER, (IdentifierKind.EMAIL,))
BY_HAND = UnseenPart("B", WhyUnseen.NO_INTERFACE)
LEFT = LeftEarlier("e", Category.RECORDING, Product.XELION, False, None, None, 2)
KEPT = replace(LEFT, is_retained=True, ground="disputes", until=date(2027, 1, 1))
ASKED = replace(BY_HAND, is_done=True)

ENDINGS = [
    (ACCESS, COPIED, OutcomeWord.PROVIDED, "completed"),
    (ACCESS, DONE, OutcomeWord.NOTHING_HELD, "nothing_held"),
    (ACCESS, replace(DONE, unseen=(NEEDS,)), OutcomeWord.NOT_SEARCHABLE, "unsupported"),
    (ACCESS, replace(COPIED, unseen=(NEEDS,)), OutcomeWord.NOT_SEARCHABLE, "unsupported"),
    (ACCESS, replace(COPIED, unseen=(NEEDS, BY_HAND)), OutcomeWord.BY_HAND, "unsupported"),
    (ACCESS, replace(DONE, left_earlier=(KEPT,)), OutcomeWord.RETAINED, "completed"),
    (ACCESS, replace(COPIED, left_earlier=(KEPT,)), OutcomeWord.PROVIDED, "completed"),
    (ACCESS, replace(COPIED, left_earlier=(KEPT, LEFT)), OutcomeWord.BY_HAND, "unsupported"),
    (ACCESS, replace(DONE, unseen=(ASKED,)), OutcomeWord.DONE_BY_HAND, "completed"),
    (ACCESS, replace(COPIED, unseen=(ASKED,)), OutcomeWord.PROVIDED, "completed"),
    (ACCESS, replace(COPIED, unseen=(ASKED, NEEDS)), OutcomeWord.NOT_SEARCHABLE, "unsupported"),
    (ERASE, DONE, OutcomeWord.NOTHING_HELD, "nothing_held"),
    (ERASE, replace(DONE, unseen=(NEEDS,)), OutcomeWord.NOT_SEARCHABLE, "unsupported"),
    (ERASE, replace(DONE, tally={SHOWN: 1}), OutcomeWord.NOTHING_HELD, "nothing_held"),
    (RECTIFY, replace(DONE, tally={SHOWN: 1}), OutcomeWord.NOT_KEPT, "completed"),
    (RECTIFY, replace(DONE, tally={SHOWN: 0}), OutcomeWord.NOTHING_HELD, "nothing_held"),
]
CODES = [
    (TaskCode.NOT_RELEVANT, OutcomeWord.NOT_RELEVANT, "not_relevant"),
    (TaskCode.CANNOT_FIND, OutcomeWord.NOT_SEARCHABLE, "unsupported"),
    (TaskCode.DONE_BY_HAND, OutcomeWord.DONE_BY_HAND, "completed"),
    (TaskCode.UNSUPPORTED, OutcomeWord.BY_HAND, "unsupported"),
    (TaskCode.AMBIGUOUS, OutcomeWord.BY_HAND, "unsupported"),
    (TaskCode.HELD_BACK, OutcomeWord.BY_HAND, "unsupported"),
    (TaskCode.REFUSED, OutcomeWord.REFUSED, "refused"),
    (TaskCode.UNAVAILABLE, OutcomeWord.FAILED, "failed"),
    (TaskCode.OUTCOME_UNKNOWN, OutcomeWord.FAILED, "failed"),
    (TaskCode.MISCONFIGURED, OutcomeWord.FAILED, "failed"),
    (TaskCode.CONTRACT_BROKEN, OutcomeWord.FAILED, "failed"),
    (TaskCode.FAULT, OutcomeWord.FAILED, "failed"),
    (TaskCode.ALTERED, OutcomeWord.FAILED, "failed"),
]
WORST = [
    ("erased", "retained"),
    ("refused", "erased"),
    ("by_hand", "refused"),
    ("approved", "by_hand"),
    ("pending", "by_hand"),
    ("unknown", "pending"),
    ("returned", "unknown"),
    ("failed", "returned"),
]
_API = {
    "erased": "completed",
    "refused": "refused",
    "by_hand": "unsupported",
    "approved": "pending",
    "pending": "pending",
    "unknown": "unknown",
    "returned": "failed",
    "failed": "failed",
}


@pytest.mark.parametrize(("operation", "task", "word", "outcome"), ENDINGS)
def test_what_was_not_looked_into_is_never_called_nothing_or_all(
    operation: Operation, task: Task, word: OutcomeWord, outcome: str
) -> None:
    assert ending(operation, task) is word
    assert outcome_word(operation, task, {}) == outcome


@pytest.mark.parametrize(
    ("operation", "task", "word"),
    [
        (ACCESS, DONE, OutcomeWord.NOTHING_IN_SCOPE),
        (ERASE, DONE, OutcomeWord.NOTHING_IN_SCOPE),
        (ACCESS, COPIED, OutcomeWord.PROVIDED),
        (ACCESS, replace(DONE, unseen=(NEEDS,)), OutcomeWord.NOT_SEARCHABLE),
        (RECTIFY, replace(DONE, tally={SHOWN: 1}), OutcomeWord.NOT_KEPT),
    ],
)
def test_whoever_asks_for_some_categories_is_not_told_that_nothing_at_all_is_held(
    operation: Operation, task: Task, word: OutcomeWord
) -> None:
    assert ending(operation, task, is_narrowed=True) is word
    assert outcome_word(operation, task, {}, is_narrowed=True) != "nothing_held"


@pytest.mark.parametrize(("code", "word", "outcome"), CODES)
@pytest.mark.parametrize("operation", [ACCESS, ERASE])
def test_every_reason_to_stop_has_its_word(
    operation: Operation, code: TaskCode, word: OutcomeWord, outcome: str
) -> None:
    stuck = replace(COPIED, stage=Stage.STUCK, code=code)
    assert ending(operation, stuck) is word
    assert outcome_word(operation, stuck, {}) == outcome


def test_no_reason_is_left_out() -> None:
    assert {code for code, *_ in CODES} == set(TaskCode)


@pytest.mark.parametrize("code", list(TaskCode))
def test_a_task_that_is_done_is_spoken_for_only_by_what_ended_it(code: TaskCode) -> None:
    done = replace(COPIED, code=code)
    answers = {TaskCode.NOT_RELEVANT, TaskCode.CANNOT_FIND, TaskCode.DONE_BY_HAND}
    assert (ending(ACCESS, done) is OutcomeWord.PROVIDED) is (code not in answers)


@pytest.mark.parametrize(("worse", "better"), WORST)
def test_what_is_worst_decides(worse: str, better: str) -> None:
    states = {better: 3, worse: 1}
    assert outcome_word(ERASE, DONE, states) == _API[worse]


@pytest.mark.parametrize("stage", [Stage.LOCATE, Stage.LOCATED, Stage.EXECUTE, Stage.VERIFY])
def test_what_is_under_way_has_no_outcome_yet(stage: Stage) -> None:
    assert ending(ERASE, replace(DONE, stage=stage, code=TaskCode.UNAVAILABLE)) is None


def test_what_an_upstream_has_yet_to_confirm_is_pending() -> None:
    assert ending(ERASE, replace(DONE, stage=Stage.CONFIRM)) is OutcomeWord.PENDING


@pytest.mark.parametrize("state", list(ItemState))
def test_every_state_of_an_item_has_its_word_in_the_report_and_in_the_api(state: ItemState) -> None:
    assert word_of_item(state) in OutcomeWord
    assert outcome_word(ERASE, DONE, {state.value: 1}) is not None


@pytest.mark.parametrize(
    ("stage", "code", "resume", "told"),
    [
        (Stage.DONE, None, None, 2),
        (Stage.DONE, TaskCode.UNAVAILABLE, None, 2),  # a look that came later
        (Stage.DONE, TaskCode.DONE_BY_HAND, None, 0),
        (Stage.LOCATED, None, None, 2),
        (Stage.LOCATE, None, None, 0),
        (Stage.STUCK, TaskCode.FAULT, "locate", 0),
        (Stage.STUCK, TaskCode.FAULT, "verify", 2),
    ],
)
def test_parts_are_told_of_once_a_look_has_ended(
    stage: Stage, code: TaskCode | None, resume: str | None, told: int
) -> None:
    task = replace(DONE, stage=stage, code=code, resume=resume, unseen=(NEEDS, BY_HAND))
    task = replace(task, left_earlier=(LEFT, KEPT))
    assert len(list(unseen(task))) == told
    assert len(list(left_earlier(task))) == told


def test_a_part_is_named_with_what_it_takes() -> None:
    assert "A was not asked" in detail(NEEDS)
    assert detail(NEEDS).endswith("one of: email")
    assert "B has no interface" in detail(BY_HAND)
    assert detail(ASKED) == "a person asked B"


def test_what_people_saw_to_stays_seen_to_when_it_is_looked_for_again() -> None:
    (task_id,) = {one.task_id("r", "crm") for one in (BY_HAND, ASKED)}
    assert done_by(task_id, "r", "crm", (NEEDS, BY_HAND)) == (NEEDS, ASKED)
    assert done_by(task_id, "r", "other", (NEEDS, BY_HAND)) == (NEEDS, BY_HAND)
    again = from_json(to_json((ASKED,)))
    assert noted([], again) == ()
    assert noted([Unseen("B", WhyUnseen.NO_INTERFACE)], again) == (ASKED,)
