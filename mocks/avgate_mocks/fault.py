"""Which calls go wrong, and how: planted one by one, or drawn from a mood by seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """What can happen to a call; "after" means that its effect has taken place all the same."""

    THROTTLE_SECONDS = "throttle_seconds"  # 429, Retry-After in seconds
    THROTTLE_DATE = "throttle_date"  # 429, Retry-After as an HTTP-date
    ERROR_500 = "error_500"
    ERROR_502 = "error_502"
    ERROR_503 = "error_503"
    HANG = "hang"  # no answer until the caller goes away
    HTML_200 = "html_200"  # a page for people, with status 200
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 -- the name of a fault, not a secret
    SLOW_DRIP = "slow_drip"  # after: the answer comes piece by piece
    CUT_BODY = "cut_body"  # after: fewer bytes than Content-Length says, then closed
    ANSWER_LOST = "answer_lost"  # after: closed without an answer
    ERROR_AFTER = "error_after"  # after: 504 instead of the answer
    HANG_AFTER = "hang_after"  # after: no answer until the caller goes away


class Mood(StrEnum):
    NONE = "none"
    MILD = "mild"
    NASTY = "nasty"


_MILD: Mapping[Fault, int] = {
    Fault.THROTTLE_SECONDS: 2,
    Fault.ERROR_503: 2,
    Fault.SLOW_DRIP: 1,
}
_NASTY: Mapping[Fault, int] = {
    Fault.THROTTLE_SECONDS: 3,
    Fault.THROTTLE_DATE: 2,
    Fault.ERROR_500: 3,
    Fault.ERROR_502: 3,
    Fault.ERROR_503: 3,
    Fault.HANG: 1,
    Fault.HTML_200: 2,
    Fault.TOKEN_EXPIRED: 2,
    Fault.SLOW_DRIP: 2,
    Fault.CUT_BODY: 3,
    Fault.ANSWER_LOST: 3,
    Fault.ERROR_AFTER: 2,
    Fault.HANG_AFTER: 1,
}
_SHARE: Mapping[Mood, float] = {Mood.NONE: 0.0, Mood.MILD: 0.05, Mood.NASTY: 0.28}
_WEIGHTS: Mapping[Mood, Mapping[Fault, int]] = {Mood.MILD: _MILD, Mood.NASTY: _NASTY}


@dataclass(slots=True)
class Rule:
    """A planted fault: the next `times` calls that match, after letting `skip` of them through."""

    fault: Fault
    method: str | None = None
    path_contains: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 1.0  # of Retry-After

    def takes(self, method: str, path: str) -> bool:
        """Whether this call is its turn; counts the call if it matches."""
        if self.times < 1 or self.method not in (None, method) or self.path_contains not in path:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Trouble:
    """The fault of one call."""

    fault: Fault
    seconds: float = 1.0


class Faults:
    """Decides for each call in turn; planted rules come before the mood."""

    def __init__(self, seed: int, name: str, mood: Mood) -> None:
        self.mood = mood
        self.rules: list[Rule] = []
        self._stream = Random(f"{seed}/{name}/faults")
        self._lifetimes = Random(f"{seed}/{name}/lifetimes")

    def plant(self, rules: Iterable[Rule]) -> None:
        """Replace the rules that are left."""
        self.rules = list(rules)

    def next(self, method: str, path: str) -> Trouble | None:
        for rule in self.rules:
            if rule.takes(method, path):
                self.rules = [left for left in self.rules if left.times > 0]
                return Trouble(rule.fault, rule.seconds)
        return self._drawn()

    def lifetime(self, seconds: int) -> int:
        """How long a new token lives: shorter, and each time another, in a nasty mood."""
        return self._lifetimes.randint(2, 20) if self.mood is Mood.NASTY else seconds

    def _drawn(self) -> Trouble | None:
        if self.mood is Mood.NONE or self._stream.random() >= _SHARE[self.mood]:
            return None
        weights = _WEIGHTS[self.mood]
        (fault,) = self._stream.choices(list(weights), weights=list(weights.values()))
        return Trouble(fault)
