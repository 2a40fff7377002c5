"""How a kind of notice is addressed and signed, at the moment when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from avgate_gateway.store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST; `private_networks` are those in which its host may lie."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    private_networks: tuple[str, ...] = ()


class UnaddressedError(Exception):
    """It can be sent to nobody: the endpoint is in the settings no more, or its key was destroyed."""


class Form(Protocol):
    """What one kind of notice looks like on the wire."""

    @property
    def is_for_one_request(self) -> bool:
        """Whether a receiver that answers 410 wants no more of one request, or no more at all."""

    async def letter(self, one: Delivery, now: datetime) -> Letter:
        """What is sent now; raises UnaddressedError."""
