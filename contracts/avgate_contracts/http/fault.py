"""What can go wrong with one try, and what it becomes when no further try is made.

* ConnectorError, at once: refused, not found, misconfigured, contract broken
* FaultError: another try may help
  - not lost: the upstream did nothing with the call (no connection, 423, 425, 429)
  - a page: a web page came with 200, which may be gone the next moment; lost, if it was a write
  - lost: the call was sent, and nobody knows what became of it (cut, time-out, 5xx)
"""

from __future__ import annotations

from http import HTTPStatus

from avgate_contracts.errors import (
    ConnectorError,
    ContractBrokenError,
    MisconfiguredError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from avgate_contracts.http.library import NOT_HTTP, NOT_SENT
from avgate_contracts.http.no_connection import NoConnectionError

# Said of the state that a lost try may itself have brought about: gone, in conflict, changed.
_MAY_BE_OUR_OWN_DOING = frozenset({404, 409, 410, 412})
# It is busy with something else, or with too much: RFC 4918 section 11.3, RFC 8470, RFC 6585.
_LATER = frozenset({423, 425, 429})
_NOT_DONE_AT_ALL = frozenset({501, 505})
_CHECK = "the upstream does not accept the credentials; check them"


class FaultError(Exception):
    """One try failed and another may help; `after` is how many seconds the upstream asks for."""

    def __init__(self, why: str, *, lost: bool, after: float | None = None) -> None:
        super().__init__(why)
        self.lost = lost
        self.after = after


class PageError(FaultError):
    """A web page came with 200 where data should: maintenance, a proxy's log-in, a wrong address.

    Whether a write was done all the same, it does not say: `lost`.
    """

    def __init__(self, *, lost: bool) -> None:
        super().__init__("a web page instead of data", lost=lost)


class UnauthorisedError(MisconfiguredError):
    """A 401: the credentials may have run out, so one more try with fresh ones is worth it."""


class UnacceptedError(FaultError):
    """A 401 for fresh credentials too: they ended at once, or will never do."""

    def __init__(self) -> None:
        super().__init__("status 401 twice", lost=False)


def fault_of(error: Exception) -> FaultError | MisconfiguredError:
    """What an error of the HTTP library means; only its class is kept, for it quotes the wire."""
    if isinstance(error, NOT_HTTP):
        return MisconfiguredError("a call cannot be written as HTTP; check settings and headers")
    if isinstance(error, NoConnectionError):
        return FaultError(str(error), lost=False)
    return FaultError(type(error).__name__, lost=not isinstance(error, NOT_SENT))


def refusal(status: int, after: float | None) -> Exception:
    """The error for a status that was not asked for: RFC 9110 section 15, RFC 6585."""
    if status in _LATER:
        return FaultError(f"status {status}", lost=False, after=after)
    if status == HTTPStatus.REQUEST_TIMEOUT or (status >= 500 and status not in _NOT_DONE_AT_ALL):
        return FaultError(f"status {status}", lost=True, after=after)
    if status == HTTPStatus.UNAUTHORIZED:
        return UnauthorisedError(_CHECK)
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError("the upstream says there is no such thing", status=status)
    if status >= 400:
        return RefusedError(f"the upstream refused with status {status}", status=status)
    return ContractBrokenError(f"the upstream answered with status {status}, which is not followed")


def conclusion(fault: FaultError, *, unknown: bool) -> ConnectorError:
    """What a fault comes to when it was the last try."""
    if unknown:
        return OutcomeUnknownError(
            f"a write was sent and its answer lost ({fault}); read back what became of it",
            after=fault.after,
        )
    if isinstance(fault, UnacceptedError):
        return MisconfiguredError(_CHECK)
    if isinstance(fault, PageError):
        return ContractBrokenError(
            "the upstream answers with a web page instead of data; check its address"
        )
    return UnavailableError(f"the upstream did not answer ({fault})", after=fault.after)


def after_a_lost_write(error: ConnectorError) -> ConnectorError:
    """What an error means when an earlier try of the same write was sent and its answer lost.

    A plain refusal holds for both tries; anything else leaves open what the first one did.
    """
    refused = isinstance(error, RefusedError)
    if refused and getattr(error, "status", None) not in _MAY_BE_OUR_OWN_DOING:
        return error
    return OutcomeUnknownError(
        "a write was sent and its answer lost, and the next try failed; read back what became of it"
    )
