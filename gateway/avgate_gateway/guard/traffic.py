"""How many calls were answered, and how many wait: what the guard counts for whoever watches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from avgate_gateway.guard.unheard import Unheard

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"  # callers make up methods, and each would be a figure for ever


def known(method: str) -> str:
    """The method, if it is one."""
    return method if method in _METHODS else _OTHER


class Traffic:
    """Counts since the process began."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str]] = Counter()
        self.unheard = Unheard()
        self.waiting: set[object] = set()  # answers that have yet to begin, without those to probes
        self.aside: set[object] = (
            set()
        )  # of callers who prefer to wait for the end of their request

    @property
    def answers(self) -> Mapping[tuple[str, str], int]:
        """Answers by method and class of status, such as ("GET", "2xx")."""
        return dict(self._answers)

    def answered(self, method: str, status: int) -> None:
        self._answers[known(method), f"{status // 100}xx"] += 1

    def set_aside(self, answer: object, most: int) -> bool:
        """Counts an answer among those that wait by preference; False if so many do already."""
        if len(self.aside) >= most:
            return False
        self.waiting.discard(answer)
        self.aside.add(answer)
        return True

    def begun(self, answer: object) -> None:
        """Counts an answer among those that wait no more."""
        self.waiting.discard(answer)
        self.aside.discard(answer)
