"""What a call raises, named after what the caller does next.

* AvgateError
  - ProblemError            the gateway says no (RFC 9457): one class per type, in `problems`
  - UnreachableError        no answer, or none in time: repeat it, a submission with its `key`
  - CredentialsError        no token can be had: an operator puts that right
  - InvalidCallError        an address, id, key or value that cannot be sent; nothing was
  - UnexpectedAnswerError   what answers there is no gateway, or one of another release
  - IncompleteError         a download that ended too early, or is not what was announced
  - StillUnderWayError      a request that is not there yet after the time it was waited for

A message never holds personal data: no identifier, no body, no address that was called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from avgate_contracts.record import Json


class AvgateError(Exception):
    """The one base of everything that a call raises on purpose.

    `key` is the Idempotency-Key that the call carried, if it did: with it the same call may be made
    again, and is carried out once.
    """

    key: str | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to correct: what is wrong, and where (a JSON pointer, a parameter, a header)."""

    detail: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}" if self.place else self.detail


@dataclass(frozen=True, slots=True)
class Told:
    """The members of a problem as they came; `members` are those that RFC 9457 does not name."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[Mistake, ...] = ()
    retry_after: float | None = None
    members: Mapping[str, Json] = field(default_factory=dict, repr=False)


class ProblemError(AvgateError):
    """The gateway understood, and says why not; a type that is not known here is this class itself.

    `type` is a URI, `retry_after` the seconds that the gateway asks to wait.
    """

    def __init__(self, told: Told) -> None:
        parts = (told.title, told.detail, "; ".join(map(str, told.errors)))
        super().__init__(". ".join(part.rstrip(".") for part in parts if part) + ".")
        self.told = told

    @property
    def type(self) -> str:
        return self.told.type

    @property
    def title(self) -> str:
        return self.told.title

    @property
    def status(self) -> int:
        return self.told.status

    @property
    def detail(self) -> str:
        return self.told.detail

    @property
    def errors(self) -> tuple[Mistake, ...]:
        return self.told.errors

    @property
    def retry_after(self) -> float | None:
        return self.told.retry_after


class UnreachableError(AvgateError):
    """Nothing answers, or not in time; `was_sent`: it may have been carried out all the same."""

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class CredentialsError(AvgateError):
    """No token can be had, or it cannot be sent."""


class InvalidCallError(AvgateError, ValueError):
    """An address, id, key or value that cannot be sent; nothing was, and it is not repeated here."""


class UnexpectedAnswerError(AvgateError):
    """The answer has another shape than the API's; the message names places, and no value."""


class IncompleteError(AvgateError):
    """What was downloaded is not all of it, or not what was announced; nothing was kept."""


class StillUnderWayError(AvgateError, TimeoutError):
    """It was waited for as long as was asked; `request` is how it stood then."""

    def __init__(self, message: str, request: object) -> None:
        super().__init__(message)
        self.request = request
