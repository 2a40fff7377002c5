"""What can be wrong with a run, by kind: a summary of thousands of runs counts each kind."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a run is found guilty of; the first thing that is found, when there are several."""

    LOST = "lost"  # promised or to be done, and not there
    DOUBLED = "doubled"  # done, recorded or told twice
    WRONG_PERSON = "wrong_person"
    UNINTENDED = "unintended"  # done with no intention before it in evidence
    UNTRUE = "untrue"  # told otherwise than it is
    EVIDENCE = "evidence"  # the chain does not verify
    STUCK = "stuck"  # nothing came of it, or it does not start
    UNTIDY = "untidy"  # a mistake in the log, a file left behind, a slow start
    UNFORESEEN = "unforeseen"  # an error of the run itself


class WrongError(AssertionError):
    """Something is wrong, and of this kind; it comes whole out of another process."""

    def __init__(self, text: str, kind: Kind = Kind.UNFORESEEN) -> None:
        super().__init__(text)
        self.kind = kind


class StuckError(WrongError):
    """What was to come about did not."""

    def __init__(self, text: str) -> None:
        super().__init__(text, Kind.STUCK)


def hold(is_so: object, kind: Kind, text: str) -> None:
    """Raises `WrongError` unless it is so."""
    if not is_so:
        raise WrongError(text, kind)


def told(error: BaseException) -> tuple[Kind, str]:
    """Kind and words of whatever a run ended with."""
    kind = error.kind if isinstance(error, WrongError) else Kind.UNFORESEEN
    return kind, f"{type(error).__name__}: {error}"[:1500]
