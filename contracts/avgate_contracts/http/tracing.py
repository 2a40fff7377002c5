"""What a gateway may want to know of each try, as it begins and ends; the SDK itself traces nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from avgate_contracts.http.header import Header


class Span(Protocol):
    """One try, while it is on the wire."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """What tells an upstream that may know it which trace the call belongs to."""

    def answered(self, status: int) -> None:
        """The headers of an answer came."""

    def failed(self, error: Exception) -> None:
        """No answer came; the error names nobody, and its class is enough."""


class Tracing(Protocol):
    """Made by the gateway."""

    def call(self, method: str, path: str, attempt: int) -> AbstractContextManager[Span]:
        """A span around one try; `path` is a template, never what was filled in."""
