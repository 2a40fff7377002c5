"""What a connector may raise, named after what the gateway does next.

* ConnectorError
  - UnavailableError       tried again, no sooner than `after` seconds
  - RefusedError           never tried again: the upstream understood, and said no
    - NotFoundError        the upstream says there is no such thing
  - MisconfiguredError     tried a few times more, and then an operator is told
  - ContractBrokenError    likewise: the upstream no longer looks like its contract, or one odd
                           page came in between
  - OutcomeUnknownError    a write whose answer was lost: read back, never blindly repeated
  - AmbiguousSubjectError  more than one person fits: a person has to decide
  - InvalidIdentifierError a value cannot be what it is said to be; nothing was sent

A message says what to do next and never holds personal data: no identifier, no body, no URL.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """The one base of everything a connector raises on purpose."""


class UnavailableError(ConnectorError):
    """The upstream cannot answer now; `after` is the least number of seconds to wait, if known."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class RefusedError(ConnectorError):
    """The upstream understood and said no; `status` is the HTTP status it said it with."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NotFoundError(RefusedError):
    """The upstream says there is no such thing."""


class MisconfiguredError(ConnectorError):
    """Credentials, address or settings are wrong; only an operator can put it right."""


class ContractBrokenError(ConnectorError):
    """The upstream's answer does not have the shape its contract promises."""


class OutcomeUnknownError(ConnectorError):
    """A write was sent and its answer was lost, so nobody knows whether it took effect.

    `after` is the least number of seconds to wait before the upstream is asked, if it said so.
    """

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class AmbiguousSubjectError(ConnectorError):
    """The identifiers fit more than one person upstream; more of them, or dates, are needed."""


class InvalidIdentifierError(ConnectorError, ValueError):
    """A value cannot be an identifier of its kind, or cannot be sent; the message never repeats it.

    A ValueError too, so that pydantic validators may raise it.
    """
