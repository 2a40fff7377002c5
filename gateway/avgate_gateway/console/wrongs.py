"""What stands in the way, for people: problems as a member of staff meets them, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from avgate_gateway import problem
from avgate_gateway.problem import Problem, ProblemType


@dataclass(frozen=True, slots=True)
class Explained:
    """A heading, and the next step."""

    title: str
    next_step: str


_ANY: Final = Explained(
    "This did not work", "Go back and try it again. Tell whoever runs the gateway if it stays so."
)
EXPLAINED: Final[Mapping[ProblemType, Explained]] = {
    problem.NOT_FOUND: Explained(
        "There is no such page", "Look whether the address is complete, or search for the case."
    ),
    problem.METHOD_NOT_ALLOWED: Explained(
        "There is no such page", "Look whether the address is complete, or search for the case."
    ),
    problem.INSUFFICIENT_SCOPE: Explained(
        "You may not do this", "Ask whoever manages your account, if this belongs to your work."
    ),
    problem.ACCESS_REFUSED: Explained(
        "This form was not sent from here", "Load the page anew, and send the form once more."
    ),
    problem.SECOND_PERSON_REQUIRED: Explained(
        "Somebody else has to decide",
        "Ask a colleague: nobody approves what they took in themselves.",
    ),
    problem.PLAN_CHANGED: Explained(
        "The preview is no longer the one you saw",
        "Look at the new preview, and decide about that.",
    ),
    problem.WRONG_STATE: Explained(
        "This cannot be done any more, or not yet", "Look how the request stands now."
    ),
    problem.ERASURES_HELD: Explained(
        "More people than usual were erased within the hour",
        "See whether that is meant; whoever manages the gateway can approve it, or wait an hour.",
    ),
    problem.NOT_READY: Explained("It is not ready yet", "Wait a moment, and load the page anew."),
    problem.GONE: Explained(
        "This was destroyed, as promised",
        "The personal data is no longer here; what was done with it can still be proven.",
    ),
    problem.INVALID_CONTENT: Explained(
        "Something was filled in that cannot be taken", "Correct it, and send the form once more."
    ),
    problem.INVALID_PARAMETER: Explained(
        "There is no such page", "Look whether the address is complete, or search for the case."
    ),
    problem.IDEMPOTENCY_KEY_REUSED: Explained(
        "This form was sent before, with something else in it",
        "Look in the queue whether the request is there; if not, begin a new form.",
    ),
    problem.IDEMPOTENCY_KEY_IN_USE: Explained(
        "This form is just being taken in", "Wait a moment, and look in the queue."
    ),
    problem.TOO_MANY_REQUESTS: Explained(
        "That was a little too often", "Wait a minute, and try it again."
    ),
    problem.BODY_TOO_LARGE: Explained(
        "This is too long", "Write less, and send the form once more."
    ),
    problem.UNREADABLE: Explained(
        "What is kept of this cannot be opened",
        "Tell whoever runs the gateway, with the case number: it was altered, or a key is missing.",
    ),
    problem.UNAVAILABLE: Explained(
        "The gateway cannot answer now",
        "Wait a moment and load the page anew; what was taken in before is kept.",
    ),
    problem.INTERNAL_ERROR: Explained(
        "The gateway made a mistake",
        "Look whether it was done before you try again, and tell whoever runs the gateway when it was.",
    ),
}


def explained(what: Problem) -> Explained:
    """A problem in words for staff."""
    return EXPLAINED.get(what.type, _ANY)
